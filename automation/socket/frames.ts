import type { Duplex } from "node:stream";

/** Longest message and longest piece of bytes, in bytes: a record's events are gathered, and a message of the engine is cut before. */
const LONGEST = 16 * 1024 * 1024;

/** Before each frame: its length in four bytes, and what it is in one. */
const HEAD = 5;
const MESSAGE = 0;
const BYTES = 1;

/** What comes in at one end of a socket. */
export interface Incoming {
  message(message: unknown): void;
  /** A piece of a file that a message announced; an empty one is its end. */
  bytes(id: number, piece: Buffer): void;
  /** The other side is gone, or sent what is no frame. Nothing comes after it. */
  closed(why: string): void;
}

/** One end of a socket between the door and an engine worker: JSON messages, and the bytes of files between them. */
export interface Channel {
  /** Nothing happens when the other side is gone: `closed` tells that. Throws when it is longer than the other side takes. */
  send(message: unknown): void;
  /** Resolves when there is room for more. */
  sendBytes(id: number, piece: Buffer): Promise<void>;
  /** Takes nothing more in for now, and again. */
  pause(): void;
  resume(): void;
  /** Resolves when all that was sent is on its way, or never will be. */
  close(): Promise<void>;
}

/** How long the other side may take for what is on its way to it when this one closes, in milliseconds. */
const LAST_WORDS = 5_000;

/** Opens one end. A frame that is longer than `longest` bytes closes it. */
export function openChannel(socket: Duplex, incoming: Incoming, longest = LONGEST): Channel {
  let kept: Buffer[] = [];
  let length = 0;
  let open = true;
  const end = (why: string) => {
    if (!open) return;
    open = false;
    socket.destroy();
    incoming.closed(why);
  };
  /** The next so many bytes, joined only when they are all there: a frame may come in thousands of pieces. */
  const take = (size: number): Buffer => {
    const all = kept.length === 1 ? (kept[0] as Buffer) : Buffer.concat(kept);
    kept = all.length > size ? [all.subarray(size)] : [];
    length -= size;
    return all.subarray(0, size);
  };
  let expected: { size: number; type: number } | undefined;
  const read = () => {
    while (open) {
      if (!expected) {
        if (length < HEAD) return;
        const head = take(HEAD);
        expected = { size: head.readUInt32BE(0), type: head.readUInt8(4) };
        if (expected.size > longest || expected.type > BYTES) return end("it sent what is no frame");
      }
      if (length < expected.size) return;
      const { size, type } = expected;
      expected = undefined;
      const body = take(size);
      if (type === BYTES) {
        if (size < 4) return end("it sent what is no frame");
        incoming.bytes(body.readUInt32BE(0), body.subarray(4));
      } else {
        let message: unknown;
        try {
          message = JSON.parse(body.toString("utf8"));
        } catch {
          return end("it sent what is no message");
        }
        incoming.message(message);
      }
    }
  };
  socket.on("data", (piece: Buffer) => {
    if (!open) return;
    kept.push(piece);
    length += piece.length;
    // One that comes in small pieces is joined once, not at each of them.
    if (length >= (expected?.size ?? HEAD)) read();
  });
  socket.on("error", (error) => end(error.message));
  socket.on("close", () => end("it is gone"));
  socket.on("end", () => end("it is gone"));

  const write = (type: number, parts: Buffer[]): boolean => {
    if (!open) return true;
    const head = Buffer.alloc(HEAD);
    head.writeUInt32BE(parts.reduce((sum, part) => sum + part.length, 0));
    head.writeUInt8(type, 4);
    return socket.write(Buffer.concat([head, ...parts]));
  };
  return {
    send: (message) => {
      const body = Buffer.from(JSON.stringify(message));
      if (body.length > longest) throw new RangeError(`a message of ${body.length} bytes is too long`);
      write(MESSAGE, [body]);
    },
    sendBytes: async (id, piece) => {
      const number = Buffer.alloc(4);
      number.writeUInt32BE(id);
      if (write(BYTES, [number, piece]) || socket.destroyed) return;
      await new Promise<void>((resolve) => {
        const go = () => {
          socket.off("drain", go).off("close", go);
          resolve();
        };
        socket.on("drain", go).on("close", go);
      });
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => {
      open = false;
      kept = [];
      if (socket.destroyed) return Promise.resolve();
      return new Promise<void>((resolve) => {
        // One that is frozen takes nothing, and holds nothing here.
        const late = setTimeout(() => socket.destroy(), LAST_WORDS);
        socket.once("close", () => {
          clearTimeout(late);
          resolve();
        });
        socket.end(() => socket.destroy());
      });
    },
  };
}
