import { z } from "zod";
import { RpcError } from "../rpc/error.ts";
import type { Call, Procedure } from "../rpc/procedure.ts";

export type Outcome =
  | { ok: true; value: unknown }
  | { ok: false; error: RpcError; issues?: z.core.$ZodIssue[]; zodError: ZodErrorBody | null };

export interface ZodErrorBody {
  formErrors: string[];
  fieldErrors: Record<string, string[] | undefined>;
}

/** Checks the input and runs the procedure. Never throws: what a handler throws becomes an outcome. */
export async function invoke(procedure: Procedure, input: unknown, call: Call): Promise<Outcome> {
  const parsed =
    procedure.input === undefined ? { success: true as const, data: undefined } : procedure.input.safeParse(input);
  if (!parsed.success) {
    return {
      ok: false,
      error: new RpcError("BAD_REQUEST", JSON.stringify(parsed.error.issues, null, 2)),
      issues: parsed.error.issues,
      zodError: z.flattenError(parsed.error) as ZodErrorBody,
    };
  }
  try {
    return { ok: true, value: await procedure.run(parsed.data, call) };
  } catch (cause) {
    const error = cause instanceof RpcError ? cause : new RpcError("INTERNAL_SERVER_ERROR", messageOf(cause));
    return { ok: false, error, zodError: null };
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
