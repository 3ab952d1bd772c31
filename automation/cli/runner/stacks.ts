import { z } from "zod";
import { requestRunner } from "../client.ts";
import { readRunnerAddress } from "./address.ts";
import { readAnswer } from "./ask.ts";

/** One stack in `GET /stacks`. Null is "not known". */
const stackView = z.object({
  env: z.string(),
  tag: z.string().nullable(),
  commit: z.string().nullable(),
  since: z.iso.datetime().nullable(),
  healthy: z.boolean().nullable(),
  drift: z.boolean().nullable(),
  behind_by: z.number().nullable(),
});

/** What the runner knows of one stack. */
export type StackView = z.output<typeof stackView>;

/** Every stack of the runner. Throws CliError. */
export async function readStacks(): Promise<StackView[]> {
  const answer = await requestRunner(readRunnerAddress(), "GET", "/stacks");
  return readAnswer(z.object({ stacks: z.array(stackView) }), answer).stacks;
}
