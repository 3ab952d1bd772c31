import type { z } from "zod";
import type { Dokploy } from "../dokploy.ts";
import type { UserRow } from "../state/records.ts";

/** Who calls and what they call upon. */
export interface Call {
  dokploy: Dokploy;
  user: UserRow;
}

/** One row of the table of procedures: a query is a GET, a mutation a POST. Undefined is a void answer. */
export interface Procedure {
  kind: "query" | "mutation";
  input: z.ZodObject | undefined;
  /** Answers without a key; only over tRPC, since the REST route asks for the key before it looks at the procedure. */
  open?: boolean;
  run(input: unknown, call: Call): unknown;
}

export type Procedures = Record<string, Procedure>;

type Handler<Input> = (input: Input, call: Call) => unknown;

/** A procedure that reads. `run` is only called with input that `input` has parsed. */
export function query<S extends z.ZodObject>(input: S, run: Handler<z.output<S>>): Procedure {
  return { kind: "query", input, run: run as Handler<unknown> };
}

/** A procedure that writes. */
export function mutation<S extends z.ZodObject>(input: S, run: Handler<z.output<S>>): Procedure {
  return { kind: "mutation", input, run: run as Handler<unknown> };
}

/** A procedure that reads and takes no input. */
export function bareQuery(run: (call: Call) => unknown): Procedure {
  return { kind: "query", input: undefined, run: (_input, call) => run(call) };
}

/** A procedure that writes and takes no input. */
export function bareMutation(run: (call: Call) => unknown): Procedure {
  return { kind: "mutation", input: undefined, run: (_input, call) => run(call) };
}
