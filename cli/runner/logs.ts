import type { Command } from "commander";
import { toService } from "../../automation/domain/outcome.ts";
import { isFinal } from "../../automation/domain/run.ts";
import { EXIT } from "../exit.ts";
import { printJson, printLines } from "../print/print.ts";
import { readRunnerAddress } from "./address.ts";
import { readRun } from "./ask.ts";
import { followRun } from "./follow/follow.ts";
import type { RunEvent } from "./follow/run-event.ts";
import { formatRun, toDocument } from "./present.ts";
import { parseTimeout } from "./request-run.ts";

/** `dockmaster logs` */
export function define(command: Command): void {
  command
    .argument("<run>", "the run's id, as `dockmaster runs` shows it")
    .option("-f, --follow", "go on until the run ends")
    .option("--timeout <seconds>", "how long to follow", "1800")
    .option("--json", "print one JSON object per line: the events, and at last the run")
    .addHelpText(
      "after",
      "\nExit code: 0 the run succeeded, 1 it did not, 3 it has not ended.\n\nExamples:\n  dockmaster logs 01jd…\n  dockmaster logs 01jd… -f",
    )
    .action(async (id: string, options: { follow?: boolean; timeout: string; json?: boolean }) => {
      const runner = readRunnerAddress();
      const show = (event: RunEvent) => {
        if (options.json) printJson({ at: new Date(event.at).toISOString(), ...event.record });
        else printLines(formatEvent(event));
      };
      const first = await readRun(runner, id);
      const patience = options.follow || isFinal(first.state) ? parseTimeout(options.timeout) * 1000 : GLANCE;
      const run =
        (await followRun(runner, id, { onEvent: show }, AbortSignal.timeout(patience))) ?? (await readRun(runner, id));
      if (options.json) printJson({ type: "run", ...toDocument(run, null) });
      else printLines(["", ...formatRun(run, { only: null })]);
      process.exitCode = !isFinal(run.state)
        ? EXIT.stillRunning
        : run.state === "succeeded" || run.state === "superseded"
          ? EXIT.done
          : EXIT.failed;
    });
}

/** How long a running run's events so far are gathered when nobody follows, in milliseconds. */
const GLANCE = 2_000;

/** An event as lines for people; none for steps of the engine's own bookkeeping. */
export function formatEvent({ at, record }: RunEvent): string[] {
  const time = new Date(at).toISOString().slice(11, 19);
  switch (record.type) {
    case "phase":
      return [`${time}  ${record.name}${typeof record.message === "string" ? `: ${record.message}` : ""}`];
    case "diagnostic": {
      const service = record.urn ? toService(record.urn) : undefined;
      const [first = "", ...rest] = record.message.split("\n");
      return [
        `${time}  ${record.severity}${service ? ` ${service}` : ""}: ${first}`,
        ...rest.map((line) => `          ${line}`),
      ];
    }
    case "resource": {
      const service = toService(record.urn);
      if (service === undefined || !record.urn.includes("$")) return [];
      const keys = record.keys.length > 0 ? ` (${record.keys.join(", ")})` : "";
      return [`${time}  ${service}: ${record.op} ${record.phase}${keys}`];
    }
    case "summary":
      return [`${time}  engine ${record.result}`];
  }
}
