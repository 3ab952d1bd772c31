import type { z } from "zod";
import { stacksAnswer } from "../../automation/api/answers.ts";
import type { stackView } from "../../automation/api/views.ts";
import { requestRunner } from "../client.ts";
import { readRunnerAddress } from "./address.ts";
import { readAnswer } from "./ask.ts";

/** What the runner knows of one stack. */
export type StackView = z.output<typeof stackView>;

/** Every stack of the runner. Throws CliError. */
export async function readStacks(): Promise<StackView[]> {
  return readAnswer(stacksAnswer, await requestRunner(readRunnerAddress(), "GET", "/stacks")).stacks;
}
