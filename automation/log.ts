import { type DestinationStream, pino } from "pino";
import { showJson } from "../text/characters.ts";
import type { Config } from "./config.ts";
import { LOG_EVENTS, type LogEvent } from "./log-events.ts";
import type { Mask } from "./mask.ts";

/** What a line says: its event, from which its message follows, and data. */
export interface LogFields {
  event: LogEvent;
  [name: string]: unknown;
}

/** The runner's log: one JSON line per event, constant message, data in fields. */
export interface Log {
  debug(fields: LogFields): void;
  info(fields: LogFields): void;
  warn(fields: LogFields): void;
  error(fields: LogFields): void;
  /** The same log with fields on every line. */
  child(fields: Record<string, unknown>): Log;
}

/** Opens the log on stdout, or on `destination`. Every line goes through `mask`: errors of others may say anything. */
export function createLog(level: Config["logLevel"], mask: Mask, destination?: DestinationStream): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      hooks: {
        // Nobody means to log these; if it happens they are not readable.
        streamWrite: (line) => showJson(mask(line)),
        logMethod([fields], write) {
          write.call(this, fields, LOG_EVENTS[(fields as unknown as LogFields).event]);
        },
      },
      redact: ["headers", "body", "env", "*.headers", "*.body", "*.env"],
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}
