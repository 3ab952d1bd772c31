import { z } from "zod";
import type { StackPlace } from "../engine/backend.ts";
import { addToHistory, digestOfState, type HistoryEntry, journalFile } from "./checkpoint.ts";
import { type Entry, parseEntries } from "./entry.ts";
import { beginJournal, type OpenJournal } from "./journal-file.ts";
import { settleJournal } from "./settle.ts";

/** A request that an engine of another release may send. It must not go on: what it does could not be recorded. */
export class ForeignRequest extends Error {
  override readonly name = "ForeignRequest";
}

/** One update, as the engine tells of it. */
export interface Update {
  place: StackPlace;
  /** What is about to be done, and by which engine. Returns the update's id. */
  describe(request: string): string;
  /** Begins the journal. Returns the version of its entries. */
  begin(): Promise<1>;
  /** Steps that began or ended. On disk when it returns. */
  add(request: string): void;
  /** What happened, for people; only the sum at the end is taken. */
  hear(request: string): void;
  /** The update is over: its journal becomes the state. */
  complete(request: string): Promise<void>;
  /** The engine is gone: what it told until then becomes the state. */
  end(): Promise<void>;
}

const configValue = z.object({ string: z.string(), secret: z.boolean(), object: z.boolean() });

const description = z.object({
  config: z.record(z.string(), configValue).nullish(),
  metadata: z.object({ message: z.string(), environment: z.record(z.string(), z.string()).nullish() }),
});

const summary = z.object({
  events: z.array(
    z.object({ summaryEvent: z.object({ resourceChanges: z.record(z.string(), z.number()).nullish() }).optional() }),
  ),
});

/** Waits for the one update of a stack. `now` in nanoseconds since the epoch. */
export function awaitUpdate(place: StackPlace, now: () => bigint): Update {
  const begun = now();
  const seconds = (nanoseconds: bigint) => Number(nanoseconds / 1_000_000_000n);
  let told: z.infer<typeof description> | undefined;
  let changes: Record<string, number> | undefined;
  let journal: OpenJournal | undefined;
  let settled = true;
  /** Operations that change something. */
  const doing = new Set<number>();

  return {
    place,
    describe(request) {
      told = description.parse(JSON.parse(request));
      return String(begun);
    },
    async begin() {
      const engine = told?.metadata.environment?.["pulumi.version"];
      if (!engine) throw new ForeignRequest("the engine does not say which release it is");
      journal = beginJournal(journalFile(place), { base: await digestOfState(place), engine, begun: String(begun) });
      settled = false;
      return 1;
    },
    add(request) {
      const entries = readEntries(request);
      if (!journal) throw new Error("the update has not begun");
      for (const { operation, operationID } of entries) if (operation) doing.add(operationID);
      // What was only looked at can be looked at again, so a loss of power may take it.
      journal.add(
        request,
        entries.some(({ operationID }) => doing.has(operationID)),
      );
    },
    hear(request) {
      if (!request.includes('"summaryEvent"')) return;
      const { events } = summary.parse(JSON.parse(request));
      changes = events.find(({ summaryEvent }) => summaryEvent)?.summaryEvent?.resourceChanges ?? changes;
    },
    async complete(request) {
      const { status } = z.object({ status: z.string() }).parse(JSON.parse(request));
      await this.end();
      const entry: HistoryEntry = {
        kind: "update",
        startTime: seconds(begun),
        message: told?.metadata.message ?? "",
        environment: told?.metadata.environment ?? {},
        config: toHistoryConfig(told?.config ?? {}),
        version: 0,
        result: status === "succeeded" ? "succeeded" : "failed",
        endTime: seconds(now()),
        ...(changes && { resourceChanges: changes }),
      };
      await addToHistory(place, entry, String(begun));
    },
    async end() {
      journal?.close();
      journal = undefined;
      if (settled) return;
      if ((await settleJournal(place, String(begun))) === "none")
        throw new Error("somebody took the update's journal away");
      settled = true;
    },
  };
}

function readEntries(request: string): Entry[] {
  try {
    return parseEntries(request);
  } catch (error) {
    throw new ForeignRequest("this engine writes a journal of another kind", { cause: error });
  }
}

/** Secrets stay encrypted; a structured value comes as JSON. */
function toHistoryConfig(config: Record<string, z.infer<typeof configValue>>): Record<string, unknown> {
  const toValue = ({ string, secret, object }: z.infer<typeof configValue>): unknown =>
    object ? JSON.parse(string) : secret ? { secure: string } : string;
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, toValue(value)]));
}
