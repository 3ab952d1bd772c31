import { z } from "zod";
import { isUnknownStack } from "../../../automation/engine/command.ts";
import { runProgram } from "../../../tools/run-program.mjs";
import { CliError } from "../../problem.ts";
import type { Checkout } from "../checkout.ts";
import { laptopEnvironment, unknownStack } from "./engine.ts";

const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  modified: z.iso.datetime({ offset: true }).optional(),
  inputs: z.record(z.string(), z.unknown()).default({}),
  outputs: z.record(z.string(), z.unknown()).default({}),
});

const exported = z.object({
  deployment: z.object({
    resources: z.array(resource).default([]),
    pending_operations: z.array(z.unknown()).default([]),
  }),
});

/** One resource in a stack's state. */
export type StateResource = z.output<typeof resource>;

/** A stack's state. */
export interface StackState {
  resources: StateResource[];
  /** Steps that an engine was killed in. */
  pendingOperations: number;
}

/**
 * Reads a stack's state. With `reveal` its secrets are in clear: keep them off the screen. Throws CliError
 * `stack_unknown`, or `state_unreadable` with what the engine says, such as a wrong passphrase.
 */
export async function readState(checkout: Checkout, stack: string, { reveal = false } = {}): Promise<StackState> {
  const env = laptopEnvironment();
  const words = ["stack", "export", "--stack", stack, "--non-interactive", ...(reveal ? ["--show-secrets"] : [])];
  const { code, stdout, stderr } = await runProgram("pulumi", words, { cwd: checkout.folder, env });
  if (isUnknownStack(stderr)) throw await unknownStack(checkout, stack, env);
  if (code !== 0) {
    const said = stderr.trim().replace(/^error: /, "");
    throw new CliError("state_unreadable", `The state of ${stack} cannot be read: ${said}`, hintFor(said));
  }
  const { deployment } = exported.parse(JSON.parse(stdout));
  return { resources: deployment.resources, pendingOperations: deployment.pending_operations.length };
}

function hintFor(said: string): string {
  if (/passphrase/.test(said)) return "Set PULUMI_CONFIG_PASSPHRASE to what this stack's state was written with";
  return "Check PULUMI_BACKEND_URL, or log in: pulumi login <url>";
}

/** Like readState, for a stack that may not be in the state backend yet: nothing then. */
export async function readStateIfAny(checkout: Checkout, stack: string): Promise<StackState> {
  try {
    return await readState(checkout, stack);
  } catch (error) {
    if (error instanceof CliError && error.code === "stack_unknown") return { resources: [], pendingOperations: 0 };
    throw error;
  }
}

/** The Compose projects of a state, by service. */
export function composeResources({ resources }: StackState): Map<string, StateResource> {
  const composes = resources.filter(({ type }) => type === "pulumi-nodejs:dynamic/dokploy:Compose");
  return new Map(composes.map((compose) => [compose.urn.split("::").at(-1) ?? "", compose]));
}

/** How Pulumi marks a secret value in state and events. */
const SECRET_MARK = "4dabf18193072939515e22adb298388d";

/** Whether a value of a state or an event is a secret. */
export function isSecret(value: unknown): value is { plaintext?: string } {
  return typeof value === "object" && value !== null && SECRET_MARK in value;
}
