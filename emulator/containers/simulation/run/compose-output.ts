import type { UpRun } from "./simulation.ts";

/** A warning as Compose prints it where there is no terminal. */
export function warn(run: UpRun, message: string): void {
  const time = new Date(run.simulation.clock.now()).toISOString().slice(0, 19);
  run.log(`time="${time}Z" level=warning msg=${JSON.stringify(message)}`);
}

/** Something that nobody will answer: the process waits until it is killed. */
export function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
