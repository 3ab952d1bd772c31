import type { Duplex } from "node:stream";
import { type Channel, openChannel } from "../socket/frames.ts";
import type { EngineCheckResult, FromWorker, LookAnswer, LookQuestion, ToWorker } from "../socket/messages.ts";
import { readMessage } from "../socket/read-message.ts";
import { StoreConflict } from "../store/store.ts";
import type { Ending, RunEvents, StopReason, WorkSpec } from "../work/perform.ts";

/** How often a worker is told until when a run's stack is ours, in milliseconds. */
const SIGN_OF_LIFE = 500;

/** The worker went away in the middle of a run: what it had begun is ended, and the run can be handed to another. */
export class WorkerGone extends Error {
  override readonly name = "WorkerGone";
}

/** What a worker said of itself when it came. */
export type Hello = Extract<FromWorker, { type: "hello" }>;

/** An engine worker that is there. */
export interface Connection {
  hello: Hello;
  /** Has a run carried out. Throws WorkerGone, and what `events.note` throws. */
  perform(spec: WorkSpec, events: RunEvents, stop: AbortSignal): Promise<Ending>;
  /** How something that it leans on is. Throws WorkerGone. */
  check(name: string): Promise<EngineCheckResult>;
  /** Has it look whether a stack is as it was left. Throws WorkerGone, and the signal's reason. */
  look(question: LookQuestion, signal?: AbortSignal): Promise<LookAnswer>;
  /** Hands it files of a state of before. Throws when it cannot keep them. */
  handState(files: AsyncIterable<Buffer>): Promise<void>;
  /** Resolves with the reason when it is gone. */
  gone: Promise<string>;
  close(): void;
}

/** One run that it carries out. Nothing that it says of any other run counts. */
interface Handed {
  spec: WorkSpec;
  events: RunEvents;
  stop: AbortSignal;
  ended: PromiseWithResolvers<Ending>;
  /** What `note` threw: the run ends with that, whatever the worker makes of it. */
  failed?: unknown;
}

/** What a connection reads commits from. */
export interface Files {
  files(commit: string, signal: AbortSignal): AsyncIterable<Buffer>;
}

/** Speaks with the worker at the other end of a socket. Resolves when it has said who it is; throws WorkerGone when it does not. */
export async function connectWorker(socket: Duplex, { files }: Files): Promise<Connection> {
  const handed = new Map<string, Handed>();
  const hello = Promise.withResolvers<Hello>();
  const gone = Promise.withResolvers<string>();
  const kept = new Map<number, PromiseWithResolvers<void>>();
  const looking = new Map<number, PromiseWithResolvers<LookAnswer>>();
  const checking = new Map<string, PromiseWithResolvers<EngineCheckResult>>();
  let numbers = 0;
  let lost: WorkerGone | undefined;
  hello.promise.catch(() => {});

  const send = (message: ToWorker) => channel.send(message);
  const answer = async (id: number, work: Promise<void>) => {
    try {
      await work;
      send({ type: "answer", id });
    } catch (error) {
      send({
        type: "answer",
        id,
        error: error instanceof StoreConflict ? error.message : "the store could not keep it",
      });
    }
  };
  const sendFiles = async (id: number, pieces: AsyncIterable<Buffer>) => {
    try {
      for await (const piece of pieces) if (piece.length > 0) await channel.sendBytes(id, piece);
      await channel.sendBytes(id, Buffer.alloc(0));
    } catch (error) {
      send({ type: "files", id, error: error instanceof Error ? error.message : String(error) });
    }
  };
  const close = (why: string) => {
    void channel.close();
    lost ??= new WorkerGone(`the engine worker is gone: ${why}`);
    const error = lost;
    hello.reject(error);
    gone.resolve(why);
    for (const { reject } of checking.values()) reject(error);
    for (const { reject } of kept.values()) reject(error);
    for (const { reject } of looking.values()) reject(error);
    for (const { ended } of handed.values()) ended.reject(error);
    for (const known of [checking, kept, looking, handed]) known.clear();
  };
  const handle = (message: FromWorker) => {
    if (message.type === "hello") return hello.resolve(message);
    if (message.type === "check") {
      checking.get(message.name)?.resolve(message);
      checking.delete(message.name);
      return;
    }
    if (message.type === "looked") {
      looking.get(message.id)?.resolve(message);
      looking.delete(message.id);
      return;
    }
    if (message.type === "kept") {
      const waiting = kept.get(message.id);
      kept.delete(message.id);
      return message.error === undefined ? waiting?.resolve() : waiting?.reject(new Error(message.error));
    }
    const run = handed.get(message.run);
    // It has ended, or was never handed to this worker.
    if (!run) return;
    switch (message.type) {
      case "files":
        return void sendFiles(message.id, files(run.spec.run.commit, run.stop));
      case "append":
        return void answer(message.id, run.events.append(message.events));
      case "note": {
        // What the run is here stays what it was: only how often it was tried, and the session, are the worker's to say.
        if (message.patch.attempts !== undefined) run.spec.run.attempts = message.patch.attempts;
        run.spec.run.session = message.patch.session;
        const noted = run.events.note(message.patch);
        noted.catch((error: unknown) => {
          run.failed ??= error;
        });
        return void answer(message.id, noted);
      }
      case "phase":
        return run.events.phaseEnded(message.name, message.seconds);
      case "lock":
        return run.events.lockRemoved(message.lock);
      case "end":
        return run.ended.resolve(message.ending);
      case "mistake":
        return run.ended.reject(new Error(message.message));
    }
  };
  const channel: Channel = openChannel(socket, {
    message: (message) => {
      const read = readMessage(message);
      if (read) handle(read);
      else close("it said what no worker says");
    },
    bytes: () => close("it sent bytes"),
    closed: close,
  });

  const said = await hello.promise;
  return {
    hello: said,
    gone: gone.promise,
    close: () => close("the runner stops"),
    perform: async (spec, events, stop) => {
      const run: Handed = { spec, events, stop, ended: Promise.withResolvers() };
      const { id } = spec.run;
      // Nobody would say any more that it is gone.
      if (lost) throw lost;
      let told = events.leaseUntil();
      const sign = setInterval(() => {
        const leaseUntil = events.leaseUntil();
        if (leaseUntil === told) return;
        told = leaseUntil;
        send({ type: "lease", run: id, leaseUntil });
      }, SIGN_OF_LIFE);
      const abort = () => send({ type: "stop", run: id, reason: stop.reason as StopReason });
      try {
        handed.set(id, run);
        send({ type: "run", spec, leaseUntil: told });
        stop.addEventListener("abort", abort, { once: true });
        if (stop.aborted) abort();
        const ending = await run.ended.promise;
        if (run.failed !== undefined) throw run.failed;
        return ending;
      } catch (error) {
        throw run.failed ?? error;
      } finally {
        clearInterval(sign);
        stop.removeEventListener("abort", abort);
        handed.delete(id);
      }
    },
    check: (name) => {
      if (lost) return Promise.reject(lost);
      const known = checking.get(name);
      if (known) return known.promise;
      const asked = Promise.withResolvers<EngineCheckResult>();
      asked.promise.catch(() => {});
      checking.set(name, asked);
      send({ type: "check", name });
      return asked.promise;
    },
    look: async (question, signal) => {
      if (lost) throw lost;
      signal?.throwIfAborted();
      if (said.looks === undefined) return { refused: "its engine worker is older than the look" };
      const id = ++numbers;
      const asked = Promise.withResolvers<LookAnswer>();
      const leave = () => {
        looking.delete(id);
        send({ type: "unlook", id });
        asked.reject(signal?.reason);
      };
      looking.set(id, asked);
      signal?.addEventListener("abort", leave, { once: true });
      try {
        send({ type: "look", id, ...question });
        const { look, checks, refused } = await asked.promise;
        return { ...(look && { look }), ...(checks && { checks }), ...(refused !== undefined && { refused }) };
      } finally {
        looking.delete(id);
        signal?.removeEventListener("abort", leave);
      }
    },
    handState: async (pieces) => {
      if (lost) throw lost;
      const id = ++numbers;
      const done = Promise.withResolvers<void>();
      done.promise.catch(() => {});
      kept.set(id, done);
      send({ type: "state", id });
      await sendFiles(id, pieces);
      await done.promise;
    },
  };
}
