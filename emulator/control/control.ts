import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Dokploy } from "../dokploy.ts";
import type { DeploymentFault, Fault, FaultInput } from "../faults/fault.ts";
import type { Silence } from "../http/silence.ts";
import type { Statistics } from "../http/statistics.ts";
import { removeComposeRows } from "../procedures/access.ts";
import { checkedText } from "../procedures/compose-row.ts";
import type { ScriptableContainers } from "../scriptable.ts";
import { cancelInterrupted } from "../seed.ts";
import { newAuthId, newId } from "../state/ids.ts";
import type { NewKey } from "../state/keys.ts";
import type { ComposeRow } from "../state/records.ts";

export interface Restart {
  /**
   * Milliseconds in which connections are refused. Default 10, in which clients in the same process notice that their
   * connections are gone.
   */
  downMs?: number | undefined;
  /**
   * Milliseconds after that in which connections are taken and nothing is answered; the emulator's own endpoint answers.
   * Default 0; a real server, which looks after its database and its plans first, needs about 60,000.
   */
  silentMs?: number | undefined;
  /**
   * What becomes of jobs that waited: `lost` (default), as the queue in memory of v0.30.2 was recorded to do, or `queued`
   * again once it answers, as a Dokploy with a queue outside of its process does.
   */
  waiting?: "lost" | "queued" | undefined;
}

/** What a test can do to the server that a client cannot. */
export interface Control {
  /** Arms a fault. Throws when it is not one, or when these containers cannot be told to fail. */
  addFault(fault: FaultInput): Fault;
  faults(): Fault[];
  /** Disarms all faults and lets slow deployments go on; a job that is stuck already stays so until it is killed or the server restarts. */
  clearFaults(): void;
  statistics(): Statistics;
  resetStatistics(): void;
  /**
   * A restart of Dokploy: connections break, the queue is lost, the running deployment becomes `cancelled` without an
   * end and its service idle. A number is `downMs`. Resolves when Dokploy answers again, or when the emulator is closed.
   */
  restart(how?: number | Restart): Promise<void>;
  /** Removes projects, services, their containers and their own volumes. Keys stay. */
  reset(): Promise<void>;
  /** Resolves when no deployment waits or runs. */
  idle(): Promise<void>;
  /** Names of the host's volumes. */
  volumes(): Promise<string[]>;
  /** A further key; without `rateLimitEnabled: false` it has better-auth's default limit. `member`: of a user with no rights. */
  createApiKey(wanted?: Partial<NewKey> & { role?: "owner" | "member" }): string;
  /** Changes a service's record as somebody does in the web interface. Undefined when there is none. */
  edit(composeId: string, patch: Partial<ComposeRow>): ComposeRow | undefined;
}

export function createControl(options: {
  dokploy: Dokploy;
  containers: ScriptableContainers;
  statistics: Statistics;
  silence: Silence;
  stopListening(): Promise<void>;
  listen(): Promise<void>;
  /** Aborted when the emulator is closed for good. */
  closed: AbortSignal;
}): Control {
  const { dokploy, containers, statistics, silence, stopListening, listen, closed } = options;
  const { db, faults, folders, queue } = dokploy;
  const resetStatistics = () => {
    statistics.requests = 0;
    statistics.procedures = {};
  };
  const clearFaults = () => {
    faults.clear();
    containers.clearScripts?.();
  };
  return {
    addFault(input) {
      const fault = faults.add(input);
      if (fault.kind === "containers") scriptContainers(containers, fault);
      return fault;
    },
    faults: faults.list,
    clearFaults,
    statistics: () => ({ requests: statistics.requests, procedures: { ...statistics.procedures } }),
    resetStatistics,
    async restart(how = {}) {
      const { downMs = 10, silentMs = 0, waiting = "lost" } = typeof how === "number" ? { downMs: how } : how;
      const waited = queue.lose();
      await stopListening();
      await sleep(downMs, undefined, { signal: closed }).catch(() => undefined);
      if (closed.aborted) return;
      cancelInterrupted(db);
      const over = silence.begin(silentMs);
      await listen();
      await over;
      if (waiting === "queued" && !closed.aborted) for (const job of waited) queue.add(job);
    },
    async reset() {
      queue.lose();
      clearFaults();
      resetStatistics();
      for (const { composeId, appName } of db.composes.all()) {
        removeComposeRows(db, composeId);
        await containers.down(appName, folders.code(appName), true);
        rmSync(folders.app(appName), { recursive: true, force: true });
        rmSync(folders.logs(appName), { recursive: true, force: true });
      }
      for (const { environmentId } of db.environments.all()) db.environments.remove(environmentId);
      for (const { projectId } of db.projects.all()) db.projects.remove(projectId);
    },
    idle: queue.idle,
    volumes: containers.volumes,
    createApiKey({ role = "owner", ...wanted } = {}) {
      const user =
        db.users.all().find((row) => row.role === role) ??
        db.users.insert({
          id: newAuthId(),
          memberId: newId(),
          email: `${role}@emulator.test`,
          firstName: "",
          role,
          createdAt: dokploy.now().toISOString(),
        });
      const { organizationId } = dokploy.server();
      return dokploy.keys.create(user, { name: "control", organizationId, ...wanted }).key;
    },
    edit: (composeId, patch) => db.composes.update(composeId, checkedText(patch)),
  };
}

function scriptContainers(
  { script }: ScriptableContainers,
  { service, times, kind: _, ...failure }: Extract<DeploymentFault, { kind: "containers" }>,
): void {
  if (script === undefined) throw new Error("These containers are real: only simulated ones can be told to fail");
  script(service, { ...failure, ...(times !== "always" && { times }) });
}
