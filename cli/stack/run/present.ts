import type { ServiceOutcome } from "../../../automation/domain/run.ts";
import { loginCommand } from "../../../automation/domain/way-in.ts";
import { EXIT } from "../../exit.ts";
import { formatDuration } from "../../print/duration.ts";
import { printMark } from "../../print/live.ts";
import { formatOutcomes } from "../../print/outcome-table.ts";
import { printJson, printLines } from "../../print/print.ts";
import { formatWaysIn } from "../../print/ways-in.ts";
import type { StackRun } from "./stack-run.ts";

/** Options that every command with the engine has. */
export interface PresentOptions {
  json?: boolean;
  /** Show the engine's own, detailed account too. */
  diff?: boolean;
}

/** Prints how a command of the engine came out. Returns the exit code. */
export function presentRun(
  stack: string,
  command: string,
  run: StackRun,
  options: PresentOptions & { planned?: boolean },
): number {
  const { ok, services, others, cause, seconds, by, output } = run;
  const code = ok ? EXIT.done : EXIT.failed;
  if (options.json) {
    const status = ok ? "success" : "failed";
    const told = services.map((each) => withLoginCommand(stack, each));
    const diff = options.diff ? { diff: output } : {};
    printJson({ stack, command, status, services: told, others, cause, seconds, ...(by && { by }), ...diff });
    return code;
  }
  if (options.diff) printLines([output.trimEnd(), ""]);
  const named = services.some((service) => service.cause);
  printLines([
    ...(services.length > 0 ? formatOutcomes(services, { planned: options.planned === true }) : []),
    ...formatOthers(others, options.planned === true),
    ...(options.planned ? [] : [...formatRetained(stack, services), ...formatWaysIn(stack, services)]),
    "",
    `${printMark(ok ? "ok" : "failed")} ${stack}: ${command} ${ok ? "done" : "failed"} in ${formatDuration(seconds * 1000)}${by === "look" ? ": a look found nothing to do" : ""}`,
    ...(cause && !named ? [`  ${cause.message}`, ...(cause.logTail ?? []).map((line) => `    ${line}`)] : []),
    ...(cause && !named ? [`  → ${cause.hint}`] : []),
  ]);
  return code;
}

function withLoginCommand(stack: string, outcome: ServiceOutcome): object {
  const { service, firstLogin } = outcome;
  if (!firstLogin) return outcome;
  return { ...outcome, firstLogin: { ...firstLogin, command: loginCommand(stack, service, firstLogin) } };
}

function formatRetained(stack: string, services: ServiceOutcome[]): string[] {
  return services
    .filter(({ result }) => result === "retained")
    .map(({ service }) => `  ${service} runs on with its data; for good: dockmaster remove ${stack} ${service}`);
}

const VERBS = { create: "created", update: "changed", delete: "deleted" } as const;

/** Whatever else a stack is made of: its environment, secrets in Vault, all of the bootstrap stack. */
function formatOthers(others: StackRun["others"], planned: boolean): string[] {
  const entries = Object.entries(others) as [keyof typeof VERBS, number][];
  const parts = entries.flatMap(([op, count]) =>
    count === 0 ? [] : planned ? `${op} ${count}` : `${count} ${VERBS[op]}`,
  );
  return parts.length === 0 ? [] : [`  besides the services: ${parts.join(", ")}`];
}
