import { type DestinationStream, pino } from "pino";
import type { Config } from "./config.ts";

/** The runner's log: one JSON line per event, constant message, data in fields. */
export type Log = ReturnType<typeof createLog>;

/** Opens the log on stdout, or on `destination`. */
export function createLog(level: Config["logLevel"], destination?: DestinationStream) {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // Nobody means to log these; if it happens they are not readable.
      redact: ["headers", "body", "env", "*.headers", "*.body", "*.env"],
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}
