import { z } from "zod";
import type { StackPlace } from "../state/backend.ts";
import { addToHistory, digestOfState, type HistoryEntry } from "./checkpoint.ts";
import { type Entry, toEntries } from "./entry.ts";
import { beginJournal, type OpenJournal, Unrecordable } from "./journal-file.ts";
import { journalFile } from "./paths.ts";
import { settleJournal } from "./settle.ts";

/** One update, as the engine tells of it. */
export interface Update {
  place: StackPlace;
  /** Its name in the engine's requests. */
  id: string;
  /** What is about to be done, and by which engine. Returns the id. */
  describe(request: string): string;
  /** Begins the journal. Returns the version of its entries. Throws Unrecordable. */
  begin(): Promise<1>;
  /** Steps that began or ended. On disk when it returns. Throws Unrecordable. */
  add(request: string): void;
  /** What happened, for people; only the sum at the end is taken. */
  hear(request: string): void;
  /** The update is over: its journal becomes the state. Throws JournalConflict, also when it is asked again. */
  complete(request: string): Promise<void>;
  /** The engine is gone: what it told until then becomes the state. Throws as `complete` does. */
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

const completion = z.object({ status: z.string() });

/** Waits for the one update of a stack. `now` in nanoseconds since the epoch. */
export function awaitUpdate(place: StackPlace, now: () => bigint): Update {
  const begun = String(now());
  const seconds = (nanoseconds: string | bigint) => Number(BigInt(nanoseconds) / 1_000_000_000n);
  let told: z.infer<typeof description> | undefined;
  let changes: Record<string, number> | undefined;
  let journal: OpenJournal | undefined;
  /** `over`: no journal is begun any more. */
  let stage: "waiting" | "running" | "over" = "waiting";
  let ending = Promise.resolve();
  let failure: unknown;
  /** Operations that change something. */
  const doing = new Set<number>();

  async function endOnce(): Promise<void> {
    if (failure !== undefined) throw failure;
    const wasRunning = stage === "running";
    stage = "over";
    if (!wasRunning) return;
    journal?.close();
    try {
      if ((await settleJournal(place, begun)) === "none") throw new Error("somebody took the update's journal away");
    } catch (error) {
      failure = error;
      throw error;
    }
  }

  /** One after the other: the engine may be ended while it is being answered. */
  const end = () => {
    ending = ending.catch(() => {}).then(endOnce);
    return ending;
  };

  return {
    place,
    id: begun,
    describe(request) {
      told = description.parse(JSON.parse(request));
      return begun;
    },
    async begin() {
      const engine = told?.metadata.environment?.["pulumi.version"];
      if (!engine) throw new Unrecordable("the engine does not say which release it is");
      const base = await digestOfState(place);
      if (stage !== "waiting") throw new Unrecordable("this update has begun before");
      journal = beginJournal(journalFile(place), { base, engine, begun });
      stage = "running";
      return 1;
    },
    add(request) {
      const entries = readEntries(request);
      if (stage !== "running" || !journal) throw new Unrecordable("this update is not running");
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
      const { status } = completion.parse(JSON.parse(request));
      await end();
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
      await addToHistory(place, entry, begun);
    },
    end,
  };
}

function readEntries(request: string): Entry[] {
  try {
    return toEntries(JSON.parse(request));
  } catch (error) {
    throw new Unrecordable("this engine writes a journal of another kind", { cause: error });
  }
}

/** Secrets stay encrypted; a structured value comes as JSON. */
function toHistoryConfig(config: Record<string, z.infer<typeof configValue>>): Record<string, unknown> {
  const toValue = ({ string, secret, object }: z.infer<typeof configValue>): unknown =>
    object ? JSON.parse(string) : secret ? { secure: string } : string;
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, toValue(value)]));
}
