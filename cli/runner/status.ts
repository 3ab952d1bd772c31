import type { Command } from "commander";
import { describeHold } from "../../automation/domain/gates/hold.ts";
import { EXIT } from "../exit.ts";
import { formatAge } from "../print/duration.ts";
import { type Mark, printMark } from "../print/live.ts";
import { printJson, printLines } from "../print/print.ts";
import { formatTable } from "../print/table.ts";
import { describeWatch } from "./observations.ts";
import { readStacks, type StackView } from "./stacks.ts";

/** `dockmaster status` */
export function define(command: Command): void {
  command
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nExit code 1 when a stack is not healthy or has drift.\n\nExamples:\n  dockmaster status\n  dockmaster status --json",
    )
    .action(async (options: { json?: boolean }) => {
      const stacks = await readStacks();
      if (options.json) printJson({ stacks });
      else printLines(formatStacks(stacks, Date.now()));
      process.exitCode = stacks.every(isWell) ? EXIT.done : EXIT.failed;
    });
}

function isWell({ healthy, drift }: StackView): boolean {
  return healthy !== false && drift !== true;
}

/** Stacks as a table. `now` is in milliseconds since the epoch. */
export function formatStacks(stacks: StackView[], now: number): string[] {
  if (stacks.length === 0)
    return ["The runner knows no stack: the repository's main branch has no Pulumi.<stack>.yaml."];
  const rows = stacks.map((stack) => {
    const { env, tag, commit, since, healthy, drift, behind_by } = stack;
    const mark: Mark = isWell(stack) ? "ok" : "failed";
    return [
      `${printMark(mark)} ${env}`,
      tag ?? commit?.slice(0, 7) ?? "nothing yet",
      since === null ? "" : formatAge(now - Date.parse(since)),
      tell(healthy, "yes", "no"),
      tell(drift, "yes", "no"),
      behind_by === null ? "?" : String(behind_by),
    ];
  });
  const waiting = stacks.flatMap(({ env, waiting: why }) => (why ? [`${env} waits: ${why.message}`] : []));
  const watched = stacks.flatMap((stack) => wordWatch(stack, now));
  const more = [...waiting, ...stacks.flatMap(wordHolds), ...watched, ...stacks.flatMap(wordConfirming)];
  return [...formatTable(["  stack", "release", "since", "healthy", "drift", "behind by"], rows), ...more];
}

/** Who holds it, and what waits for that. */
function wordHolds({ env, holds = [], held_back: back }: StackView): string[] {
  const told = holds.map(
    ({ by, reason, until }) =>
      `${env} is ${describeHold({ by, reason, until: until === null ? null : Date.parse(until) })}`,
  );
  return back ? [...told, `${env}: ${back.tag ?? back.commit.slice(0, 7)} waits for that (run ${back.run})`] : told;
}

/** What became of the release since its update. */
function wordConfirming({ env, confirming, confirmed }: StackView): string[] {
  const last = confirmed ? `; confirmed last: ${confirmed.tag ?? confirmed.commit.slice(0, 7)}` : "";
  if (confirming?.state === "watching") {
    return [`${env}: ${nameOf(confirming)} is watched until ${confirming.until ?? "it can be told"}${last}`];
  }
  if (confirming?.state !== "trouble") return [];
  return [`${env}: ${nameOf(confirming)} is in trouble: ${confirming.why ?? "see its run"}${last}`];
}

function nameOf({ tag, commit }: { tag: string | null; commit: string }): string {
  return tag ?? commit.slice(0, 7);
}

/** How it was when it was looked at last, where that is not as it was left. */
function wordWatch({ env, commit, watch }: StackView, now: number): string[] {
  if (!watch || watch.state === "left" || commit === null) return [];
  const more = watch.findings > 0 ? ` See: dockmaster observations ${env}` : "";
  return [`${env}: ${describeWatch(watch, now)}${more}`];
}

function tell(value: boolean | null, yes: string, no: string): string {
  return value === null ? "?" : value ? yes : no;
}
