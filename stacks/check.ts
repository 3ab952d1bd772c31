import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Problem, printProblem, sortProblems } from "../components/compose/problem.ts";
import { readPromotionPolicy } from "../components/look/promotion-policy.ts";
import { showLines, toJson } from "../text/characters.ts";
import { readSettings } from "./bootstrap/config.ts";
import { catalogue } from "./catalogue.ts";
import type { RawConfig } from "./config/raw-config.ts";
import { fromStackFile, readStackFile } from "./config/stack-file.ts";
import { compareWithRelease, findLastRelease } from "./last-release.ts";
import { bootstrapClashes, namesOf, planStack, printProblems } from "./plan.ts";

const USAGE = `usage: node stacks/check.ts <stack> [--json] [--give-up=<volume>]…
       node stacks/check.ts <stack> --value-of <service> <secret> [--json] < value
`;

const GIVE_UP = "--give-up=";

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

/**
 * Plans a stack from its file alone: no engine, no network, no master key. With a value, only that is judged. Where Git here knows the
 * last release, no container may start without the data that it has there.
 */
function check(stack: string, givenUp: ReadonlySet<string>, given?: Given): Report {
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
    const problems = sortProblems([...readSettings(raw).problems, ...bootstrapClashes(raw)]);
    return { stack, ok: problems.length === 0, problems, notes, services: [] };
  }
  const key = process.env.PLATFORM_KEY;
  if (key === undefined && raw.values["platform:key"] === undefined)
    notes.push("PLATFORM_KEY is not set: an update needs it");
  const { plan, problems: planned, notes: told, refuseValue } = planStack(stack, raw, key ?? "stand-in".repeat(8));
  if (given) {
    const refused = refuseValue(given.service, given.name, given.value);
    return { stack, ok: refused.length === 0, problems: refused, notes: [], services: [] };
  }
  const release = plan && findLastRelease(stack);
  const problems = plan && release ? compareWithRelease(release, plan, readHere, givenUp) : planned;
  notes.push(...told.map((note) => `${printProblem(note)} [${note.note}]`));
  if (plan && stack === "production" && raw.values["platform:secrets"] !== "vault") {
    notes.push("production keeps its secrets in Dokploy: they rest in clear in its env and beside the compose file");
  }
  const { policy } = readPromotionPolicy(raw.values, stack);
  if (policy?.onTrouble === "rollback" && policy.watchMs === 0) {
    notes.push(
      "promotion:onTrouble is rollback, and promotion:watch is 0: no release is ever confirmed, so none comes back",
    );
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

function readHere(path: string): string | undefined {
  const file = join(import.meta.dirname, "..", path);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function print(report: Report): void {
  if (report.ok) console.log(`${report.stack}: ${report.services.join(", ") || "its settings"} are in order`);
  else console.error(showLines(printProblems(report.stack, report.problems)));
  for (const note of report.notes) console.error(showLines(`note: ${note}`));
}

const [stack, ...rest] = process.argv.slice(2);
const isGivenUp = (word: string) => word.startsWith(GIVE_UP);
const words = rest.filter((word) => word !== "--json" && !isGivenUp(word));
const [flag, service = "", name = ""] = words;
const ofValue = flag === "--value-of" && words.length === 3;
if (stack === undefined || stack.startsWith("-") || (words.length > 0 && !ofValue)) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  const givenUp = new Set(rest.filter(isGivenUp).map((word) => word.slice(GIVE_UP.length)));
  const report = check(stack, givenUp, ofValue ? { service, name, value: readFileSync(0, "utf8") } : undefined);
  if (rest.includes("--json")) console.log(toJson(report));
  else print(report);
  process.exitCode = report.ok ? 0 : 1;
}
