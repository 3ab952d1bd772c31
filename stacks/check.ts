import { readFileSync } from "node:fs";
import { type Problem, printProblem } from "../components/compose/problem.ts";
import { readSettings } from "./bootstrap/config.ts";
import { catalogue } from "./catalogue.ts";
import { namesOf, planStack, printProblems } from "./plan.ts";
import type { RawConfig } from "./raw-config.ts";
import { fromStackFile, readStackFile } from "./stack-file.ts";

const USAGE = `usage: node stacks/check.ts <stack> [--json]
       node stacks/check.ts <stack> --value-of <service> <secret> [--json] < value
`;

/** What `check` found, as `--json` prints it. */
interface Report {
  stack: string;
  ok: boolean;
  problems: Problem[];
  notes: string[];
  services: string[];
  /** Every service of the catalogue → names that its volumes have in this stack, whether it runs there or not. */
  volumes?: Record<string, string[]>;
}

/** A value that somebody wants to give for a secret. */
interface Given {
  service: string;
  name: string;
  value: string;
}

/** Plans a stack from its file alone: no engine, no network, no master key. With a value, only that is judged. */
function check(stack: string, given?: Given): Report {
  const notes: string[] = [];
  const text = readStackFile(stack);
  if (text === undefined) {
    const problem = {
      file: `Pulumi.${stack}.yaml`,
      message: "there is no such file",
      hint: "is the stack's name right?",
    };
    return { stack, ok: false, problems: [problem], notes, services: [] };
  }
  const { raw, problems: syntax } = fromStackFile(stack, text);
  if (!raw) return { stack, ok: false, problems: syntax, notes, services: [] };

  if (stack === "bootstrap") {
    const { problems } = readSettings(raw);
    return { stack, ok: problems.length === 0, problems, notes, services: [] };
  }
  const key = process.env.PLATFORM_KEY;
  if (key === undefined && raw.values["platform:key"] === undefined)
    notes.push("PLATFORM_KEY is not set: an update needs it");
  const { plan, problems, notes: told, refuseValue } = planStack(stack, raw, key ?? "stand-in".repeat(8));
  if (given) {
    const refused = refuseValue(given.service, given.name, given.value);
    return { stack, ok: refused.length === 0, problems: refused, notes: [], services: [] };
  }
  notes.push(...told.map((note) => `${printProblem(note)} [${note.note}]`));
  if (plan && stack === "production" && raw.values["platform:secrets"] !== "vault") {
    notes.push("production keeps its secrets in Dokploy: they rest in clear in its env and beside the compose file");
  }
  const services = plan?.services.map(({ name }) => name) ?? [];
  return { stack, ok: problems.length === 0, problems, notes, services, volumes: volumesOf(stack, raw) };
}

function volumesOf(stack: string, raw: RawConfig): Record<string, string[]> {
  const all = catalogue.map(({ name }) => name);
  const names = namesOf(stack, raw, all).filter(({ kind }) => kind === "volume");
  return Object.fromEntries(
    all.map((service) => [service, names.filter((made) => made.service === service).map(({ name }) => name)]),
  );
}

function print(report: Report): void {
  if (report.ok) console.log(`${report.stack}: ${report.services.join(", ") || "its settings"} are in order`);
  else console.error(printProblems(report.stack, report.problems));
  for (const note of report.notes) console.error(`note: ${note}`);
}

const [stack, ...rest] = process.argv.slice(2);
const words = rest.filter((word) => word !== "--json");
const [flag, service = "", name = ""] = words;
const ofValue = flag === "--value-of" && words.length === 3;
if (stack === undefined || stack.startsWith("-") || (words.length > 0 && !ofValue)) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  const report = check(stack, ofValue ? { service, name, value: readFileSync(0, "utf8") } : undefined);
  if (rest.includes("--json")) console.log(JSON.stringify(report));
  else print(report);
  process.exitCode = report.ok ? 0 : 1;
}
