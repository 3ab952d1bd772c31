import { type Problem, printProblem } from "../components/compose/problem.ts";
import { readSettings } from "./bootstrap/config.ts";
import { planStack, printProblems } from "./plan.ts";
import { fromStackFile, readStackFile } from "./stack-file.ts";

const USAGE = "usage: node stacks/check.ts <stack> [--json]\n";

/** What `check` found, as `--json` prints it. */
interface Report {
  stack: string;
  ok: boolean;
  problems: Problem[];
  notes: string[];
  services: string[];
}

/** Plans a stack from its file alone: no engine, no network, no master key. */
function check(stack: string): Report {
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
  const { plan, problems, notes: told } = planStack(stack, raw, key ?? "stand-in".repeat(8));
  notes.push(...told.map((note) => `${printProblem(note)} [${note.note}]`));
  if (plan && stack === "production" && raw.values["platform:secrets"] !== "vault") {
    notes.push("production keeps its secrets in Dokploy: they rest in clear in its env and beside the compose file");
  }
  return { stack, ok: problems.length === 0, problems, notes, services: plan?.services.map(({ name }) => name) ?? [] };
}

function print(report: Report): void {
  if (report.ok) console.log(`${report.stack}: ${report.services.join(", ") || "its settings"} are in order`);
  else console.error(printProblems(report.stack, report.problems));
  for (const note of report.notes) console.error(`note: ${note}`);
}

const [stack, ...flags] = process.argv.slice(2);
if (stack === undefined || stack.startsWith("-") || flags.some((flag) => flag !== "--json")) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  const report = check(stack);
  if (flags.includes("--json")) console.log(JSON.stringify(report));
  else print(report);
  process.exitCode = report.ok ? 0 : 1;
}
