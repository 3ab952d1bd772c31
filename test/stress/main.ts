// `npm run stress`: load, hostile requests, Schemathesis, and SIGKILL at every point of a run's way. On loopback, about fifteen minutes. Writes docs/background/stress.md
// unless --dry. Exits with 1 when something was violated.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { findPostgres, startPostgres } from "../contract/store/postgres-server.ts";
import { type HostileResult, sendHostile } from "./hostile.ts";
import { KILL_POINTS, type KillResult, killEverywhere } from "./kills.ts";
import { type LoadResult, sendLoad } from "./load.ts";
import { renderStress } from "./report.ts";
import { type FuzzResult, fuzzApi } from "./schemathesis/run.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    rate: { type: "string", default: "50" },
    only: { type: "string", default: "" },
    dry: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(
    "Usage: npm run stress -- [--seconds 60] [--rate 50] [--only load|hostile|api|kills] [--dry]\n\n--dry prints the tables without writing them.",
  );
  process.exit(0);
}

const options = { seconds: Number(values.seconds), perSecond: Number(values.rate) };
const loads: { store: string; load: LoadResult }[] = [];
let kills: KillResult[] = [];
const does = (part: string) => values.only === "" || values.only === part;
let hostile: HostileResult | undefined;
let api: FuzzResult | undefined;
if (does("load")) {
  loads.push({ store: "SQLite", load: await sendLoad(options) });
  const bin = findPostgres();
  if (bin) loads.push({ store: "PostgreSQL", load: await loadPostgres(bin) });
  else console.error("PostgreSQL is not installed: its load test is left out");
}
if (does("hostile")) hostile = await sendHostile({ seconds: options.seconds });
if (does("api")) api = await fuzzApi({ examples: 100 });
if (does("kills")) {
  kills = await killEverywhere(KILL_POINTS, ({ point, seconds, violations }) =>
    console.error(
      `${point.victim.padEnd(6)} ${point.name.padEnd(42)} ${seconds.toFixed(1)} s ${violations.join("; ")}`,
    ),
  );
}

const report = renderStress({ loads, hostile, api, kills });
console.log(report);
if (!values.dry) writeFileSync(new URL("../../docs/background/stress.md", import.meta.url), report);
const violations = [...loads.map(({ load }) => load), hostile, api, ...kills].flatMap((part) => part?.violations ?? []);
process.exit(violations.length === 0 ? 0 : 1);

async function loadPostgres(bin: string): Promise<LoadResult> {
  const server = await startPostgres(bin, { durable: true });
  try {
    return await sendLoad({ ...options, env: { DATABASE_URL: await server.createDatabase() } });
  } finally {
    await server.stop();
  }
}
