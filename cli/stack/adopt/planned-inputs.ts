import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { UNKNOWN } from "../../../components/dokploy/rules/inputs.ts";
import type { Live } from "../../print/live.ts";
import { CliError } from "../../problem.ts";
import type { Checkout } from "../checkout.ts";
import { previewWords } from "../preview.ts";
import { runOnStack } from "../run/stack-run.ts";
import { isSecret } from "../run/state.ts";

const plan = z.object({
  resourcePlans: z.record(
    z.string(),
    z.object({
      goal: z.object({ inputDiff: z.object({ adds: z.record(z.string(), z.unknown()).default({}) }) }).optional(),
    }),
  ),
});

/** Inputs by URN. */
export type PlannedInputs = Map<string, Record<string, unknown>>;

/**
 * Previews a stack with another stack file, and answers the inputs of what it would make: secrets in clear, keep them off
 * the screen; UNKNOWN for what only the update knows. Throws CliError when the preview fails.
 */
export async function planInputs(
  checkout: Checkout,
  stack: string,
  stackFile: string,
  live: Live,
): Promise<PlannedInputs> {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-"));
  try {
    const file = join(folder, "plan.json");
    // The engine's events mask what is secret, and all of a service that has a given secret; its plan need not.
    const words = [...previewWords({}), "--save-plan", file, "--show-secrets"];
    const run = await runOnStack(checkout, stack, words, live, {
      editConfig: () => stackFile,
      // It shows what taking over would mean; the update still refuses what must not be.
      env: { DOCKMASTER_PLAN_ADOPTION: "1" },
    });
    if (!run.ok) throw previewFailed(run.cause);
    const { resourcePlans } = plan.parse(JSON.parse(readFileSync(file, "utf8")));
    return new Map(Object.entries(resourcePlans).map(([urn, { goal }]) => [urn, mapPlain(goal?.inputDiff.adds ?? {})]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function previewFailed(cause: { code: string; message: string; hint: string } | null): CliError {
  const { code, message, hint } = cause ?? {
    code: "failed",
    message: "the preview failed",
    hint: "dockmaster preview shows more",
  };
  return new CliError(code, message, hint);
}

function toPlain(value: unknown): unknown {
  if (isSecret(value)) return value.plaintext === undefined ? UNKNOWN : toPlain(JSON.parse(value.plaintext));
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== "object" || value === null) return value;
  return mapPlain(value);
}

function mapPlain(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toPlain(item)]));
}
