export type { TimedRecord } from "./domain/engine-record.ts";
export { reduceOutcomes, toService } from "./domain/outcome.ts";
