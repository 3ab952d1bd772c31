import type { Command } from "commander";
import { z } from "zod";
import { isFinal } from "../../automation/domain/run.ts";
import { requestRunner } from "../client.ts";
import { EXIT } from "../exit.ts";
import { printMark } from "../print/live.ts";
import { printJson, printLines } from "../print/print.ts";
import { readRunnerAddress } from "./address.ts";
import { readAnswer, readRun } from "./ask.ts";
import { followRun } from "./follow/follow.ts";
import { parseTimeout } from "./request-run.ts";

/** `dockmaster cancel` */
export function define(command: Command): void {
  command
    .argument("<run>", "the run's id, as `dockmaster runs` shows it")
    .option("--timeout <seconds>", "how long to wait for its end", "60")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nThe step that runs is ended cleanly; what is deployed already stays. Exit code 3: it has not ended yet.\n\nExamples:\n  dockmaster cancel 01jd…",
    )
    .action(async (id: string, options: { timeout: string; json?: boolean }) => {
      const runner = readRunnerAddress();
      const until = AbortSignal.timeout(parseTimeout(options.timeout) * 1000);
      readAnswer(
        z.unknown(),
        await requestRunner(runner, "POST", `/runs/${encodeURIComponent(id)}/cancel`, { body: {} }),
      );
      const run = (await followRun(runner, id, { onEvent() {} }, until)) ?? (await readRun(runner, id));
      const { state, env } = run;
      if (options.json) printJson({ command: "cancel", run: id, env, state });
      else printLines([`${printMark(state === "canceled" ? "ok" : "skipped")} run ${id} of ${env}: ${state}`]);
      process.exitCode = !isFinal(state) ? EXIT.stillRunning : state === "canceled" ? EXIT.done : EXIT.failed;
    });
}
