import { describe, expect, it } from "vitest";
import { type Job, type JobSignals, openQueue } from "../../../../emulator/deploy/queue.ts";

/** A queue whose jobs end when the test says so. */
function controlled(concurrency = 1) {
  const running = new Map<string, { end(): void; signals: JobSignals }>();
  const started: string[] = [];
  const queue = openQueue({
    concurrency: () => concurrency,
    now: () => new Date(0),
    run: (job, signals) =>
      new Promise((resolve) => {
        started.push(job.title);
        running.set(job.title, { end: resolve, signals });
      }),
  });
  const add = (composeId: string, title: string) => queue.add({ composeId, title, description: "", type: "deploy" });
  return { queue, running, started, add };
}

/** Jobs start in a later turn of the event loop. */
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const states = (jobs: Job[]) => jobs.map(({ title, processedOn }) => [title, processedOn === undefined]);

describe("the queue", () => {
  it("runs one job at a time, in order, and lists the newest first", async () => {
    const { queue, running, started, add } = controlled();
    for (const title of ["a", "b", "c"]) add(title, title);
    await turn();
    expect(states(queue.list())).toEqual([
      ["c", true],
      ["b", true],
      ["a", false],
    ]);
    running.get("a")?.end();
    await turn();
    expect(started).toEqual(["a", "b"]);
    expect(states(queue.list())).toEqual([
      ["c", true],
      ["b", false],
    ]);
  });

  it("starts no job before the answer has left", () => {
    const { started, add } = controlled();
    add("a", "a");
    expect(started).toEqual([]);
  });

  it("runs jobs of other services side by side, never two of one", async () => {
    const { started, add } = controlled(3);
    add("a", "a1");
    add("a", "a2");
    add("b", "b1");
    await turn();
    expect(started).toEqual(["a1", "b1"]);
  });

  it("drops the waiting jobs of one service and leaves the running one", async () => {
    const { queue, add } = controlled();
    add("a", "a1");
    add("a", "a2");
    add("b", "b1");
    await turn();
    queue.clean("a");
    expect(queue.list().map(({ title }) => title)).toEqual(["b1", "a1"]);
  });

  it("forgets everything when the server goes down, and tells what runs", async () => {
    const { queue, running, started, add } = controlled();
    add("a", "a1");
    add("b", "b1");
    await turn();
    expect(queue.lose().map(({ title }) => title)).toEqual(["b1"]);
    expect(running.get("a1")?.signals.lost.aborted).toBe(true);
    expect(queue.list()).toEqual([]);
    await queue.idle();
    expect(started).toEqual(["a1"]);
  });

  it("interrupts a running job once and then again", async () => {
    const { queue, running, add } = controlled();
    add("a", "a1");
    await turn();
    const signals = running.get("a1")?.signals;
    queue.killRunning();
    expect([signals?.killed.aborted, signals?.killedAgain.aborted]).toEqual([true, false]);
    queue.killRunning();
    expect(signals?.killedAgain.aborted).toBe(true);
  });

  it("is idle once its last job has ended", async () => {
    const { queue, running, add } = controlled();
    add("a", "a1");
    await turn();
    let idle = false;
    const waiting = queue.idle().then(() => {
      idle = true;
    });
    await turn();
    expect(idle).toBe(false);
    running.get("a1")?.end();
    await waiting;
    expect(queue.list()).toEqual([]);
  });
});
