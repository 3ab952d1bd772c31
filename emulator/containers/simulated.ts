import type { ComposeUp, Containers } from "./containers.ts";
import { createFailureScripts, type ScriptedFailure } from "./simulation/pretend/failure-script.ts";
import { conditionAt } from "./simulation/pretend/life.ts";
import { strike } from "./simulation/pretend/start-container.ts";
import { type ComposeCall, parseCommandLine } from "./simulation/read/command-line.ts";
import { ComposeError } from "./simulation/read/compose-error.ts";
import { loadCall } from "./simulation/read/load-call.ts";
import { type Clock, wallClock } from "./simulation/run/clock.ts";
import { toRow } from "./simulation/run/container-status.ts";
import { containersOf, findContainer, type HostVolume } from "./simulation/run/host-state.ts";
import { inspectContainer, inspectVolume } from "./simulation/run/inspect.ts";
import { resolveName } from "./simulation/run/names.ts";
import type { Simulation } from "./simulation/run/simulation.ts";
import { openStateFile } from "./simulation/run/state-file.ts";
import { composeUp } from "./simulation/run/up.ts";

export interface SimulatedContainersOptions {
  /** Where the host's state is kept over restarts. */
  stateFile: string;
  /** Default: the wall clock. */
  clock?: Clock;
  /**
   * How many times as fast Compose's own times pass: intervals, time-outs, and during a deployment pauses and sleeps. Default 1000:
   * 5 s are 5 ms. What a deployment leaves running sleeps on as long as it would for real.
   */
  speed?: number;
  /** Whether an image can be had. Default: every image but those with `does-not-exist` in their name or tag. */
  imageExists?(image: string): boolean;
  /** Major version of the pretended engine. Default 20: `start_interval` is refused, as below 25. */
  engine?: number;
}

/** Containers that exist only in memory and in one file, with Compose's rules. */
export interface SimulatedContainers extends Containers {
  /**
   * Lets something go wrong from the next `up` on, or with `now` also in what runs already. `match`: an appName or the
   * start of one, a container's name, or a service's key.
   */
  script(match: string, failure: ScriptedFailure & { now?: boolean }): void;
  clearScripts(): void;
  /** The names of the running containers that a name leads to, looked up from inside a container. */
  resolve(fromContainer: string, hostName: string): string[];
  /** A file as the container sees it: secrets, configs and files in volumes. */
  readFile(container: string, path: string): string | undefined;
  environmentOf(container: string): Record<string, string> | undefined;
  volume(name: string): HostVolume | undefined;
  /** Puts a file into a volume, as the program in a container would. */
  writeVolume(name: string, path: string, content: string): void;
}

/** Opens a simulated Docker host. */
export function createSimulatedContainers(options: SimulatedContainersOptions): SimulatedContainers {
  const file = openStateFile(options.stateFile);
  const { state } = file;
  const scripts = createFailureScripts();
  const clock = options.clock ?? wallClock;
  const simulation: Simulation = {
    state,
    clock,
    speed: options.speed ?? 1000,
    scripts,
    imageExists: options.imageExists ?? ((image) => !image.includes("does-not-exist")),
    engine: options.engine ?? 20,
    changed: file.changed,
  };
  const ups = new Map<string, Set<AbortController>>();

  const remove = (project: string, volumes: boolean): void => {
    for (const up of ups.get(project) ?? []) up.abort(new ComposeError("the project was removed"));
    for (const { id } of containersOf(state, project)) state.containers.delete(id);
    for (const { name, project: creator } of Object.values(state.networks)) {
      const inUse = [...state.containers.values()].some(({ networks }) => name in networks);
      if (creator === project && !inUse) delete state.networks[name];
    }
    // By the label of the project that made it, whatever the compose file says; what somebody else has mounted cannot be removed.
    if (volumes)
      for (const { name, project: creator } of Object.values(state.volumes)) {
        const inUse = [...state.containers.values()].some(({ mounts }) =>
          mounts.some(({ type, source }) => type === "volume" && source === name),
        );
        if (creator === project && !inUse) delete state.volumes[name];
      }
    file.changed();
  };

  const stop = (project: string): void => {
    const now = clock.now();
    for (const container of containersOf(state, project)) {
      const { status } = conditionAt(container.life, now);
      if (container.life && (status === "running" || status === "restarting"))
        container.life = { ...container.life, stopped: { at: now, exitCode: 0 } };
    }
    file.changed();
  };

  /** What a deployment leaves behind goes on at the pace of a real host. What was scripted keeps the script's times. */
  const slowDown = (project: string): void => {
    for (const container of containersOf(state, project)) {
      const { life, scripted } = container;
      if (life?.endsAfter === undefined || life.slow || scripted) continue;
      container.life = { ...life, slow: { from: clock.now(), factor: simulation.speed } };
    }
  };

  const runCall = async (call: ComposeCall, run: ComposeUp, signal: AbortSignal): Promise<void> => {
    const project = call.project ?? run.appName;
    if (call.subcommand === "up") {
      await composeUp({ simulation, log: run.log, signal }, loadCall(call, run.appName, run.folder), call);
      // Without -d it stays attached to the logs.
      if (!call.detach && !call.wait && !call.noStart)
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
    } else if (call.subcommand === "down") remove(project, call.volumes);
    else if (call.subcommand === "stop") stop(project);
    else if (["pull", "build", "config", "ps", "create"].includes(call.subcommand))
      loadCall(call, run.appName, run.folder);
    else throw new ComposeError(`unknown docker command: "compose ${call.subcommand}"`);
  };

  const up = async (run: ComposeUp): Promise<{ ok: boolean }> => {
    const cancel = new AbortController();
    const signal = AbortSignal.any([run.signal, cancel.signal]);
    const running = ups.get(run.appName) ?? new Set();
    ups.set(run.appName, running.add(cancel));
    try {
      for (const call of parseCommandLine(run.command)) await runCall(call, run, signal);
      return { ok: true };
    } catch (error) {
      cancel.abort();
      if (error instanceof ComposeError) run.log(error.message);
      else if (!signal.aborted) throw error;
      return { ok: false };
    } finally {
      slowDown(run.appName);
      running.delete(cancel);
      if (running.size === 0) ups.delete(run.appName);
      file.changed();
    }
  };

  const outcomeOf = async (work: (log: (line: string) => void) => Promise<{ ok: boolean }>) => {
    const lines: string[] = [];
    const { ok } = await work((line) => lines.push(line));
    return { ok, message: lines.join("\n") };
  };
  const find = (idOrName: string) => findContainer(state, idOrName);

  return {
    up,
    stop: async (appName) => {
      stop(appName);
      return { ok: true, message: "" };
    },
    start: (appName, folder) =>
      outcomeOf((log) =>
        up({
          appName,
          folder,
          command: `compose -p ${appName} -f docker-compose.yml up -d`,
          log,
          signal: new AbortController().signal,
        }),
      ),
    down: async (appName, _folder, volumes) => remove(appName, volumes),
    list: async (appName) =>
      containersOf(state, appName)
        .map((container) => toRow(container, clock.now()))
        .reverse(),
    listAll: async () =>
      [...state.containers.values()]
        .map((container) => ({ ...toRow(container, clock.now()), image: container.image, ports: "" }))
        .reverse(),
    inspect: async (id) => {
      const container = find(id);
      return container && inspectContainer(container, clock.now());
    },
    logs: async (id, tail) =>
      find(id)
        ?.log.slice(-tail)
        .map(({ at, line }) => `${new Date(at).toISOString().replace("Z", "000000Z")} ${line}\n`)
        .join(""),
    volumes: async () => Object.keys(state.volumes),
    stopContainer: async (id) => {
      const container = find(id);
      if (!container) return `Error response from daemon: No such container: ${id}`;
      if (container.life) container.life = { ...container.life, stopped: { at: clock.now(), exitCode: 0 } };
      file.changed();
      return undefined;
    },
    removeContainer: async (id) => {
      const container = find(id);
      if (!container) return `Error response from daemon: No such container: ${id}`;
      state.containers.delete(container.id);
      file.changed();
      return undefined;
    },
    inspectVolume: async (name) => {
      const volume = state.volumes[name];
      return volume && inspectVolume(volume);
    },
    removeVolume: async (name) => {
      const user = [...state.containers.values()].find(({ mounts }) => mounts.some(({ source }) => source === name));
      if (user) return `Error response from daemon: remove ${name}: volume is in use - [${user.id}]`;
      if (!(name in state.volumes)) return `Error response from daemon: get ${name}: no such volume`;
      delete state.volumes[name];
      file.changed();
      return undefined;
    },
    networks: async () =>
      Object.values(state.networks).map(({ name }) => ({
        name,
        driver: name === "dokploy-network" ? "overlay" : "bridge",
        subnets: [],
      })),
    createNetwork: async (name) => {
      const taken = state.networks[name] !== undefined;
      if (!taken) state.networks[name] = { name, project: "", key: "" };
      file.changed();
      return {
        ok: !taken,
        message: taken ? `(HTTP code 409) unexpected - network with name ${name} already exists ` : "",
      };
    },
    removeNetwork: async (name) => {
      const used = [...state.containers.values()].some(
        ({ networks, life }) => name in networks && conditionAt(life, clock.now()).status === "running",
      );
      if (!used) delete state.networks[name];
      file.changed();
      return {
        ok: !used,
        message: used
          ? `(HTTP code 403) unexpected - error while removing network: network ${name} has active endpoints `
          : "",
      };
    },
    close: async () => {
      for (const running of ups.values())
        for (const cancel of running) cancel.abort(new ComposeError("the host goes down"));
      await file.close();
    },
    script: (match, { now, ...failure }) => {
      scripts.add(match, failure);
      if (!now) return;
      for (const container of state.containers.values()) {
        const names = { project: container.project, container: container.name, service: container.service };
        if (scripts.find(names) === failure) strike(container, failure, clock.now(), simulation.speed);
      }
      file.changed();
    },
    clearScripts: scripts.clear,
    resolve: (from, hostName) => {
      const container = find(from);
      return container ? resolveName(state, container, hostName, clock.now()).map(({ name }) => name) : [];
    },
    readFile: (id, path) => {
      const container = find(id);
      if (!container) return undefined;
      const mount = container.mounts
        .filter(({ target }) => path.startsWith(`${target.replace(/\/$/, "")}/`))
        .sort((a, b) => b.target.length - a.target.length)[0];
      if (!mount) return container.files[path];
      if (mount.type !== "volume") return undefined;
      return state.volumes[mount.source]?.data[path.slice(mount.target.replace(/\/$/, "").length + 1)];
    },
    environmentOf: (id) => find(id)?.environment,
    volume: (name) => state.volumes[name],
    writeVolume: (name, path, content) => {
      const volume = state.volumes[name];
      if (!volume) throw new Error(`no volume ${name}`);
      volume.data[path] = content;
      file.changed();
    },
  };
}
