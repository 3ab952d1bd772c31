import type { FailureScripts } from "../pretend/failure-script.ts";
import type { Clock } from "./clock.ts";
import type { HostState } from "./host-state.ts";

/** What the parts of the simulation share. */
export interface Simulation {
  state: HostState;
  clock: Clock;
  /** How many times as fast as the clock Compose's own times pass. */
  speed: number;
  scripts: FailureScripts;
  /** Whether an image is there or can be pulled. */
  imageExists(image: string): boolean;
  /** Major version of the engine, e.g. 20. */
  engine: number;
  /** Says that the state is worth writing. */
  changed(): void;
}

/** One `up` while it runs. */
export interface UpRun {
  simulation: Simulation;
  log(line: string): void;
  signal: AbortSignal;
}
