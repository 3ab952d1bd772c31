import type { Duplex } from "node:stream";
import { LEFT_FORMAT } from "../../components/look/left.ts";
import { type Channel, openChannel } from "../socket/frames.ts";
import type { EngineCheckResult, FromWorker, LookQuestion, ToWorker } from "../socket/messages.ts";
import { readMessage } from "../socket/read-message.ts";
import type { RunEvents, StopReason, WorkContext, WorkSpec } from "./perform.ts";

/** What a worker does for the door. */
export interface Served {
  context: Omit<WorkContext, "files">;
  /** Stacks that it serves; undefined: any. */
  stacks: readonly string[] | undefined;
  /** Runs under way, by id. */
  running: Set<string>;
  /** Names the machine of its sessions and locks. */
  host: string;
  /** Stacks of which it has a state already, by project: `platform/staging`. */
  knows(): Promise<string[]>;
  /** Puts a state of before into the worker's folder. */
  keepState(files: AsyncIterable<Buffer>): Promise<void>;
  /** How something that the worker leans on is. */
  check(name: string): Promise<EngineCheckResult>;
}

/** How much is told of a mistake, and of a lock that was removed, in characters. */
const LONGEST_MISTAKE = 4_000;
const LONGEST_LOCK = 200;

/** How much of a commit may wait to be unpacked, in bytes. */
const MOST_WAITING = 32 * 1024 ** 2;

/** The door does not keep what it is told any more: it is gone, or the run is not ours. It says itself why. */
class NotKept extends Error {
  override readonly name = "NotKept";
}

/** One run under way. */
interface Active {
  stop: AbortController;
  leaseUntil: number;
}

/** Files that are on their way, by their number. */
type Files = Map<number, { push(piece: Buffer): void; fail(error: Error): void }>;

/**
 * Serves the door at the other end of a socket until that is closed: carries out what it hands over, and hands back what happens. Then
 * every run is stopped: whoever has the stack next goes on. Resolves when none is left.
 */
export async function serveDoor(socket: Duplex, served: Served): Promise<void> {
  const { context, stacks } = served;
  const active = new Map<string, Active>();
  const working = new Set<Promise<void>>();
  const asked = new Map<number, { resolve(): void; reject(error: Error): void }>();
  const files: Files = new Map();
  const looking = new Map<number, AbortController>();
  let numbers = 0;
  let gone: NotKept | undefined;
  const closed = Promise.withResolvers<void>();

  /**
   * What the door does not understand has it close the socket, which every other run here needs too. A program has a say in how long
   * names and messages are. Throws when it is that.
   */
  const send = (message: FromWorker) => {
    if (!readMessage(message)) throw new RangeError(`its ${message.type} is longer than the door takes`);
    channel.send(message);
  };
  /** Sends what the door answers. */
  const ask = async (message: (id: number) => FromWorker): Promise<void> => {
    if (gone) throw gone;
    const answer = Promise.withResolvers<void>();
    const id = ++numbers;
    send(message(id));
    asked.set(id, answer);
    return answer.promise.finally(() => asked.delete(id));
  };
  const eventsOf = (run: string): RunEvents => ({
    append: (events) => ask((id) => ({ type: "append", id, run, events })),
    note: (patch) => ask((id) => ({ type: "note", id, run, patch })),
    leaseUntil: () => active.get(run)?.leaseUntil ?? 0,
    phaseEnded: (name, seconds) => send({ type: "phase", run, name, seconds }),
    // Said here, for the door may be gone while what it left is cleared away.
    lockRemoved: (lock) => {
      context.log.warn({ event: "lock.removed", run, lock });
      send({ type: "lock", run, lock: lock.slice(0, LONGEST_LOCK) });
    },
  });
  /** Asked for when somebody reads: what nobody takes would keep everything else from coming in. */
  async function* fetchFiles(run: string): AsyncGenerator<Buffer> {
    const id = ++numbers;
    const arriving = receive(files, id, channel);
    if (gone) files.get(id)?.fail(gone);
    else send({ type: "files", id, run });
    yield* arriving;
  }
  const tellMistake = (err: unknown) =>
    context.mask(err instanceof Error ? err.message : String(err)).slice(0, LONGEST_MISTAKE);
  const carryOut = async (spec: WorkSpec, stop: AbortController) => {
    const run = spec.run.id;
    try {
      if (stacks && !stacks.includes(spec.run.stack)) {
        throw new Error(`this engine worker does not serve ${spec.run.stack}: ENGINE_STACKS says ${stacks.join(", ")}`);
      }
      // Loaded with the first run: a worker at rest needs none of it.
      const { performRun } = await import("./update.ts");
      const ending = await performRun({ ...context, files: fetchFiles }, spec, eventsOf(run), stop.signal);
      send({ type: "end", run, ending });
    } catch (err) {
      if (!(err instanceof NotKept)) context.log.error({ event: "run.mistaken", err, run });
      send({ type: "mistake", run, message: tellMistake(err) });
    } finally {
      active.delete(run);
      served.running.delete(run);
    }
  };
  const lookAt = async (id: number, question: LookQuestion) => {
    const stop = new AbortController();
    looking.set(id, stop);
    try {
      const { answerLook } = await import("./look/answer.ts");
      const answer = await answerLook(context, question, stop.signal);
      if (!stop.signal.aborted) send({ type: "looked", id, ...answer });
    } catch (err) {
      if (stop.signal.aborted) return;
      context.log.error({ event: "look.mistaken", err, stack: question.stack });
      send({ type: "looked", id, refused: tellMistake(err) });
    } finally {
      looking.delete(id);
    }
  };
  const receiveState = async (id: number) => {
    const arriving = receive(files, id, channel);
    const error = await served.keepState(arriving).then(() => undefined, tellMistake);
    // What it did not read keeps nothing else from coming in.
    await arriving.cancel().catch(() => {});
    send({ type: "kept", id, ...(error === undefined ? {} : { error }) });
  };
  const begin = (work: Promise<void>) => {
    working.add(work);
    work.finally(() => working.delete(work)).catch(() => {});
  };
  const handle = (message: ToWorker) => {
    switch (message.type) {
      case "run": {
        const stop = new AbortController();
        served.running.add(message.spec.run.id);
        active.set(message.spec.run.id, { stop, leaseUntil: message.leaseUntil });
        return begin(carryOut(message.spec, stop));
      }
      case "lease": {
        const run = active.get(message.run);
        if (run) run.leaseUntil = message.leaseUntil;
        return;
      }
      case "stop":
        return active.get(message.run)?.stop.abort(message.reason);
      case "answer":
        if (message.error === undefined) return asked.get(message.id)?.resolve();
        return asked.get(message.id)?.reject(new NotKept(message.error));
      case "files":
        return files.get(message.id)?.fail(new Error(message.error));
      case "state":
        return begin(receiveState(message.id));
      case "look": {
        const { type: _, id, ...question } = message;
        return begin(lookAt(id, question));
      }
      case "unlook":
        return looking.get(message.id)?.abort();
      case "check": {
        const { name } = message;
        return begin(served.check(name).then((result) => send({ type: "check", name, ...result })));
      }
    }
  };
  const channel = openChannel(socket, {
    message: (message) => handle(message as ToWorker),
    bytes: (id, piece) => files.get(id)?.push(piece),
    closed: (why) => {
      gone = new NotKept(`the door is gone: ${why}`);
      for (const { reject } of asked.values()) reject(gone);
      for (const { fail } of files.values()) fail(gone);
      for (const { stop } of active.values()) stop.abort("lease" satisfies StopReason);
      for (const stop of looking.values()) stop.abort();
      closed.resolve();
    },
  });
  const who = { stacks: stacks ? [...stacks] : null, host: served.host };
  send({ type: "hello", ...who, knows: await served.knows(), looks: LEFT_FORMAT });
  await closed.promise;
  while (working.size > 0) await Promise.allSettled(working);
}

/**
 * The bytes of files as they come, until an empty piece. Registered at once: they may come before anybody reads. Where they come faster
 * than they are used, nothing else is taken in either until there is room.
 */
function receive(files: Files, id: number, channel: Pick<Channel, "pause" | "resume">): ReadableStream<Buffer> {
  return new ReadableStream<Buffer>(
    {
      start: (controller) => {
        files.set(id, {
          push: (piece) => {
            if (piece.length === 0) {
              files.delete(id);
              return controller.close();
            }
            controller.enqueue(piece);
            if ((controller.desiredSize ?? 0) <= 0) channel.pause();
          },
          fail: (error) => {
            files.delete(id);
            controller.error(error);
          },
        });
      },
      pull: () => channel.resume(),
      cancel: () => {
        files.delete(id);
        channel.resume();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MOST_WAITING }),
  );
}
