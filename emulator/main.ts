import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { startEmulator } from "./emulator.ts";
import type { FaultInput } from "./faults/fault.ts";
import type { ScriptableContainers } from "./scriptable.ts";

const EXAMPLES = `
Examples:
  npm run emulator
  npm run emulator -- --port 4400 --data ./dokploy --api-key local-key
  npm run emulator -- --containers docker
  npm run emulator -- --fault '{"kind":"fail-deploy","service":"redis","log":["no space left on device"]}'
  curl -X POST localhost:4400/_emulator/faults -d '{"kind":"latency","ms":500,"procedure":"compose.*","times":"always"}'
  curl -X POST 'localhost:4400/_emulator/restart?downMs=10000&silentMs=60000'
  curl localhost:4400/_emulator/stats
`;

interface Flags {
  port: number;
  host: string;
  data?: string;
  apiKey?: string;
  containers: "simulated" | "docker";
  fault: FaultInput[];
  silentMs: number;
  json?: boolean;
}

const flags = new Command("emulator")
  .description("A Dokploy v0.30.2 in one process: its API on loopback, with simulated or real containers.")
  .option("--port <number>", "port to listen on; 0 takes a free one", port, 4400)
  .option("--host <address>", "address to listen on; beyond loopback its own pages ask for the key", "127.0.0.1")
  .option("--data <folder>", "where database and files are kept (default: a new temporary folder)")
  .option("--api-key <key>", "a key that works from the start (default: a new one, printed once)")
  .addOption(
    new Option("--containers <kind>", "what runs the services").choices(["simulated", "docker"]).default("simulated"),
  )
  .option("--fault <json>", "arm a fault; may be repeated", fault, [])
  .option("--silent-ms <ms>", "take connections and answer nothing for so long, as a server that starts", ms, 0)
  .option("--json", "print one line of JSON with url, apiKey and dataDir")
  .addHelpText("after", EXAMPLES)
  .parse()
  .opts<Flags>();

const dataDir = resolve(flags.data ?? mkdtempSync(join(tmpdir(), "dokploy-emulator-")));
try {
  const emulator = await startEmulator({
    port: flags.port,
    host: flags.host,
    dataDir,
    silentMs: flags.silentMs,
    containers: await openContainers(flags.containers, dataDir),
    ...(flags.apiKey !== undefined && { apiKey: flags.apiKey }),
  });
  for (const armed of flags.fault) emulator.control.addFault(armed);
  const { url, apiKey } = emulator;
  if (flags.json) console.log(JSON.stringify({ url, apiKey, dataDir }));
  else {
    console.log(`Dokploy emulator: ${url} (containers: ${flags.containers})`);
    console.log(`  data     ${dataDir}`);
    console.log(`  API key  ${flags.apiKey === undefined ? apiKey : "as given"}`);
  }
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      emulator.close().then(() => process.exit(0));
    });
  }
} catch (cause) {
  console.error(`The emulator did not start: ${cause instanceof Error ? cause.message : cause}`);
  process.exit(1);
}

async function openContainers(kind: Flags["containers"], dataDir: string): Promise<ScriptableContainers> {
  if (kind === "docker") {
    const { createDockerContainers } = await import("./containers/docker.ts");
    return createDockerContainers({});
  }
  const { createSimulatedContainers } = await import("./containers/simulated.ts");
  return createSimulatedContainers({ stateFile: join(dataDir, "containers.json") });
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new InvalidArgumentError("A port is 0 to 65535.");
  return value;
}

function ms(text: string): number {
  const value = Number(text);
  if (!(value >= 0)) throw new InvalidArgumentError("It is a number of milliseconds.");
  return value;
}

function fault(text: string, armed: FaultInput[]): FaultInput[] {
  try {
    return [...armed, JSON.parse(text) as FaultInput];
  } catch {
    throw new InvalidArgumentError("A fault is one JSON object.");
  }
}
