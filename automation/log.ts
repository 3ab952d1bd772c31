import { type DestinationStream, pino } from "pino";
import type { Config } from "./config.ts";
import type { Mask } from "./mask.ts";

/** The runner's log: one JSON line per event, constant message, data in fields. */
export type Log = ReturnType<typeof createLog>;

/** Opens the log on stdout, or on `destination`. Every line goes through `mask`: errors of others may say anything. */
export function createLog(level: Config["logLevel"], mask: Mask, destination?: DestinationStream) {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // Nobody means to log these; if it happens they are not readable.
      hooks: { streamWrite: mask },
      redact: ["headers", "body", "env", "*.headers", "*.body", "*.env"],
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}
