import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { checkpointSettings } from "../../automation/state/checkpoints.ts";
import { engineEnvironment } from "../../tools/engine-path.mjs";
import { prepareHome } from "../../tools/shortcuts/engine-home.ts";
import { BACKENDS } from "../engine/backends.ts";
import { watchMemory } from "./memory.ts";

type Backend = (typeof BACKENDS)[number];
const [FOLDER] = BACKENDS as [Backend];

const root = new URL("../..", import.meta.url).pathname;

/** What one run of the engine took. */
export interface Measured {
  /** Wall time of the whole `pulumi` process. */
  seconds: number;
  /** Requests that reached Dokploy. */
  requests: number;
  /** Highest sum of resident memory of the engine and all it started, in MiB. */
  peakMemory: number;
  /** Resources created, changed or deleted. */
  changes: number;
}

/** An emulator with simulated containers in a process of its own, and a program (see programs.ts) with `services` services. */
export async function startBenchPlatform(services: number, program: string, { open }: Pick<Backend, "open"> = FOLDER) {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-bench-"));
  const apiKey = "bench-key-bench-key-bench-key";
  let folders = 0;

  const startEmulator = async () => {
    const args = [
      "emulator/main.ts",
      "--port",
      "0",
      "--json",
      "--api-key",
      apiKey,
      "--data",
      join(folder, `dokploy${folders++}`),
    ];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const { url } = JSON.parse((await lines.next()).value ?? "{}") as { url: string };
    const stop = async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    };
    return { url, stop };
  };
  let emulator = await startEmulator();

  const openState = () => open(mkdtempSync(join(folder, "state-")));
  let state = await openState();

  const setProgram = (changed: boolean) =>
    writeFileSync(join(folder, "bench.json"), JSON.stringify({ services, changed }));
  setProgram(false);
  writeFileSync(join(folder, "index.ts"), program);
  writeFileSync(
    join(folder, "Pulumi.yaml"),
    "name: bench\nmain: index.ts\nruntime: {name: nodejs, options: {typescript: false}}\n",
  );
  writeFileSync(join(folder, "Pulumi.bench.yaml"), "config: {}\n");
  const { imports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { imports: object };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", imports }));
  for (const name of ["components", "text", "tools", "node_modules"]) symlinkSync(join(root, name), join(folder, name));

  const environment = () => ({
    ...engineEnvironment(),
    DOKPLOY_URL: emulator.url,
    DOKPLOY_API_KEY: apiKey,
    PLATFORM_KEY: "bench".repeat(8),
    PULUMI_HOME: join(folder, "home"),
    PULUMI_CONFIG_PASSPHRASE: "bench",
    ...state.env,
  });

  const pulumi = (args: string[], env: NodeJS.ProcessEnv) =>
    new Promise<{ code: number | null; output: string; seconds: number; peakMemory: number }>((resolve, reject) => {
      const since = performance.now();
      const child = spawn("pulumi", [...args, "--non-interactive", "--color", "never"], {
        cwd: folder,
        env,
        detached: true,
      });
      const memory = watchMemory(child.pid ?? 0);
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text) => (output += text));
      child.on("error", reject);
      child.on("close", (code) =>
        resolve({ code, output, seconds: (performance.now() - since) / 1000, peakMemory: memory.stop() }),
      );
    });

  const initStack = async () => {
    const { code, output } = await pulumi(
      ["stack", "init", "bench", "--secrets-provider", "passphrase"],
      environment(),
    );
    if (code !== 0) throw new Error(output);
  };
  // As the runner's engines: without a log of their own.
  await prepareHome(join(folder, "home"), false);
  await initStack();

  return {
    changeOne: () => setProgram(true),
    /** Empty Dokploy, empty state. */
    async startOver(): Promise<void> {
      await emulator.stop();
      emulator = await startEmulator();
      await state.close();
      state = await openState();
      await initStack();
    },
    /** As the runner updates a stack of the platform; with `checkpoints`, as plain `pulumi` does. */
    async run(args: string[], { checkpoints = false } = {}): Promise<Measured> {
      const statistics = async (method: "GET" | "DELETE") => {
        const answer = await fetch(new URL("/_emulator/stats", emulator.url), {
          method,
          headers: { "x-api-key": apiKey },
        });
        return answer.text();
      };
      await statistics("DELETE");
      const settings = checkpoints ? {} : checkpointSettings("");
      const run = await pulumi([...args, "--stack", "bench"], { ...environment(), ...settings });
      if (run.code !== 0)
        throw new Error(`pulumi ${args.join(" ")} ended with ${run.code}:\n${run.output.slice(-2000)}`);
      return {
        seconds: run.seconds,
        peakMemory: run.peakMemory,
        requests: countRequests(await statistics("GET")),
        changes: countChanges(run.output),
      };
    },
    async stop(): Promise<void> {
      await emulator.stop();
      await state.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** All requests of `{"requests": n, …}`. */
function countRequests(text: string): number {
  const { requests } = JSON.parse(text) as { requests?: number };
  if (typeof requests !== "number") throw new Error(`the emulator counts no requests: ${text.slice(0, 200)}`);
  return requests;
}

/** Of the summary's lines `+ 12 created`, `~ 1 updated`, `- 1 deleted`. */
function countChanges(output: string): number {
  const counts = [...output.matchAll(/^\s+[+~-]+ (\d+) (?:created|updated|deleted|replaced)/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}
