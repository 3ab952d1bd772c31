import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Confirming, round } from "../../../../automation/confirm/confirming.ts";
import { createPolicies } from "../../../../automation/confirm/policy.ts";
import type { ChecksSay } from "../../../../automation/domain/confirming/watched.ts";
import type { CauseCode, RunRequest } from "../../../../automation/domain/run.ts";
import { createCatalogue } from "../../../../automation/git/catalogue.ts";
import { createGit } from "../../../../automation/git/git.ts";
import { openMirror } from "../../../../automation/git/mirror.ts";
import type { Store } from "../../../../automation/store/store.ts";
import { createOrigin, type Program } from "../../../integration/runner/origin.ts";
import { watchStacks } from "../watch/watched-stack.ts";

export const MINUTE = 60_000;

/** `Pulumi.staging.yaml` with these settings. */
export function stackFile(settings: Record<string, unknown> = {}): string {
  const all = {
    "promotion:watch": "30m",
    "promotion:onTrouble": "rollback",
    "platform:services": ["redis"],
    ...settings,
  };
  return JSON.stringify({ config: all });
}

/** A compose file of one container. */
export function composeFile(image: string, more: Record<string, unknown> = {}): string {
  return JSON.stringify({ services: { redis: { image, ...more } } });
}

/** A service without data, on a stack that is watched and goes back. */
const program: Program = (folder) => {
  writeFileSync(join(folder, "Pulumi.staging.yaml"), stackFile());
};

export const DATA = { volumes: ["data:/data"] };
const SERVICE = { "components/redis/index.ts": "export const redis = 1;\n" };

/** A stack that is watched with a clock of the test's, its repository, and what follows its releases. */
export async function releasedStack({ url }: { url?: string } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-released-"));
  const origin = createOrigin(folder, program);
  const watched = await watchStacks(url === undefined ? {} : { url });
  const { clock, wake } = watched;
  const { log, mask, variables } = watched.on;
  const git = createGit({ env: { PATH: process.env.PATH, HOME: folder }, mask });
  const mirror = await openMirror(git, join(folder, "mirror.git"), origin.url);
  const says: { checks: ChecksSay } = { checks: { say: "hold" } };
  const context = (store: Store): Confirming => ({
    ...{ store, mirror, catalogue: createCatalogue(mirror), log, mask, variables, now: () => clock.now },
    policy: createPolicies({ mirror, config: { gitBranch: "main" }, log, mask }),
    config: { watchIntervalMs: MINUTE },
    askChecks: async () => says.checks,
  });
  const on = context(watched.store);
  const { signal } = new AbortController();

  /** Makes a release of the service with this image, and says its commit. */
  const release = async (
    tag: string,
    { image = "redis:8", files = {}, message, more }: ReleaseOptions = {},
  ): Promise<{ tag: string; commit: string }> => {
    origin.release(null, {
      ...SERVICE,
      "components/redis/compose.yaml": composeFile(image, more),
      ...files,
      note: tag,
    });
    if (message !== undefined) origin.git("commit", "--quiet", "--amend", "-m", message);
    origin.git("tag", "-a", tag, "-m", `Release ${tag}`);
    origin.git("push", "--quiet", "origin", "+HEAD:main", `refs/tags/${tag}`);
    await mirror.fetch();
    return { tag, commit: origin.git("rev-parse", "HEAD") };
  };
  /** An update whose engine came to the stack and failed. */
  const fail = async (changes: Partial<RunRequest>, code: CauseCode = "unhealthy", store = watched.store) => {
    const request: RunRequest = {
      ...{ kind: "deploy", stack: "staging", tag: null, commit: "", services: null, rollback: false },
      ...{ triggeredBy: "ada", reason: null, requestId: "r", ...changes },
    };
    const { run } = await store.accept(request, clock.now);
    const claim = await store.claim("one", 60_000, clock.now);
    if (claim?.run.id !== run.id) throw new Error("it was not its turn");
    await store.update(run.id, { attempts: 1 }, clock.now, claim.lease);
    const cause = { code, message: "redis is not well", hint: "see its log" };
    const outcomes = [{ service: "redis", result: "failed" as const, reason: code }];
    await store.transition(run.id, "fail", { cause, outcomes }, clock.now, claim.lease);
    await store.release(claim.lease, clock.now);
    return run.id;
  };
  /** Carries out the newest run that waits for its turn. */
  const carryOut = async (how: "succeed" | "fail" = "succeed") => {
    const claim = await watched.store.claim("one", 60_000, clock.now);
    if (!claim) return undefined;
    const { run, lease } = claim;
    await watched.store.update(run.id, { attempts: 1 }, clock.now, lease);
    const left = { ...watched.leftNow(), run: run.id, commit: run.commit };
    const cause = { code: "unhealthy" as const, message: "it does not come up", hint: "see its log" };
    const patch = how === "fail" ? { cause } : {};
    await watched.store.transition(run.id, how, patch, clock.now, lease, [], how === "fail" ? undefined : left);
    await watched.store.release(lease, clock.now);
    return run.id;
  };
  const step = () => round(on, wake, signal);
  /** Lets time pass, with looks, and what follows of them. */
  const pass = async (ms: number) => {
    for (const end = clock.now + ms; clock.now < end; ) {
      await watched.pass(Math.min(MINUTE, end - clock.now));
      await step();
    }
  };
  /** Deploys a release and lets it be confirmed. */
  const confirm = async (released: { tag: string; commit: string }) => {
    const run = await watched.deploy(released);
    await pass(32 * MINUTE);
    return run;
  };
  return {
    ...watched,
    ...{ on, context, origin, mirror, says, release, fail, carryOut, step, pass, confirm },
    state: async () => (await watched.store.newestConfirmation("staging"))?.state,
    holds: () => watched.store.holds(clock.now, "staging"),
    close: async () => {
      mirror.close();
      await watched.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface ReleaseOptions {
  image?: string;
  files?: Record<string, string>;
  /** Of its commit. */
  message?: string;
  /** Of its container. */
  more?: Record<string, unknown>;
}

export type ReleasedStack = Awaited<ReturnType<typeof releasedStack>>;
