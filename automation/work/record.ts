import { showLines } from "../../text/characters.ts";
import type { TimedRecord } from "../domain/engine-record.ts";
import type { Log } from "../log.ts";
import type { Mask } from "../mask.ts";
import type { RecordedEvent, RunEvents } from "./perform.ts";

/** How long events are gathered before they are written, in milliseconds. */
const GATHER = 100;

/** How much is written at once, in characters: what one run tells goes to the door in messages that it takes. */
const AT_ONCE = 1024 ** 2;

/** Longest message kept, in characters. */
const MESSAGE_LIMIT = 8_000;

/** Where a run's events go. */
export interface Recorder {
  /** Masked records of the engine since the last `restart`, in order. */
  readonly records: TimedRecord[];
  /** Forgets the engine's records: another attempt begins. What is in the store stays. */
  restart(): void;
  engine(record: TimedRecord): void;
  /** What the runner itself does: `checkout`, `dependencies`, `engine`, `waiting`. */
  phase(name: string, data?: Record<string, unknown>): void;
  /** Resolves when all of it is in the store. */
  flush(): Promise<void>;
}

function maskEvent(event: TimedRecord["event"], mask: Mask): TimedRecord["event"] {
  if (event.type === "diagnostic") return { ...event, message: showLines(mask(event.message)).slice(0, MESSAGE_LIMIT) };
  if (event.type !== "resource" || !event.told) return event;
  const { drift, unfinished, ...told } = event.told;
  return {
    ...event,
    told: { drift: drift.map(mask), ...(unfinished && { unfinished: unfinished.map(mask) }), ...told },
  };
}

/** Opens the record of a run. Messages are masked before they go anywhere. */
export function openRecord(
  tools: { mask: Mask; log: Log } & Pick<RunEvents, "append"> & Partial<Pick<RunEvents, "phaseEnded">>,
): Recorder {
  let records: TimedRecord[] = [];
  let pending: RecordedEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  let written: Promise<void> = Promise.resolve();
  let phase: { name: string; since: number } | undefined;
  const endPhase = () => {
    if (phase) tools.phaseEnded?.(phase.name, (Date.now() - phase.since) / 1000);
    phase = undefined;
  };

  const write = () => {
    clearTimeout(timer);
    timer = undefined;
    const events = pending;
    pending = [];
    for (const some of inPortions(events)) {
      written = written
        .then(() => tools.append(some))
        // A record with a gap is better than an update that dies for its record.
        .catch((err) => tools.log.error({ event: "events.not_recorded", err }));
    }
  };
  const add = (type: string, at: number, data: unknown) => {
    pending.push({ type, at, data });
    timer ??= setTimeout(write, GATHER);
  };

  return {
    get records() {
      return records;
    },
    restart: () => {
      records = [];
    },
    engine: ({ event, at }) => {
      const masked = maskEvent(event, tools.mask);
      records.push({ event: masked, at });
      const { type, ...data } = masked;
      add(type, at, data);
    },
    phase: (name, data = {}) => {
      endPhase();
      phase = { name, since: Date.now() };
      add("phase", phase.since, { name, ...data });
    },
    flush: () => {
      endPhase();
      write();
      return written;
    },
  };
}

function inPortions(events: readonly RecordedEvent[]): RecordedEvent[][] {
  const portions: RecordedEvent[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const event of events) {
    const length = JSON.stringify(event).length;
    size += length;
    if (size > AT_ONCE) {
      portions.push([]);
      size = length;
    }
    portions.at(-1)?.push(event);
  }
  return portions;
}
