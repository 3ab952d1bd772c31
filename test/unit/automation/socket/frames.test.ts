import { duplexPair } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openChannel } from "../../../../automation/socket/frames.ts";

/** Sends through a socket that hands on pieces of the given sizes. */
async function through(frames: (string | Buffer)[], sizes: readonly number[]): Promise<(string | Buffer)[]> {
  const [from, middle] = duplexPair();
  const whole: Buffer[] = [];
  middle.on("data", (piece: Buffer) => whole.push(piece));
  const sender = openChannel(from, { message: () => {}, bytes: () => {}, closed: () => {} });
  for (const frame of frames) {
    if (typeof frame === "string") sender.send(frame);
    else await sender.sendBytes(1, frame);
  }
  await new Promise((resolve) => setImmediate(resolve));
  const bytes = Buffer.concat(whole);
  const [end, to] = duplexPair();
  const got: (string | Buffer)[] = [];
  openChannel(to, {
    message: (message) => got.push(message as string),
    bytes: (_, piece) => got.push(Buffer.from(piece)),
    closed: (why) => got.push(`closed: ${why}`),
  });
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    end.write(bytes.subarray(at, at + size));
    at += size;
  }
  await new Promise((resolve) => setImmediate(resolve));
  return got;
}

test("what goes in comes out, in order, in whatever pieces it is carried", async () => {
  const frame = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(frame, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
      async (frames, sizes) => {
        // Nothing is the end of a file, and comes as one.
        expect(await through(frames, sizes)).toEqual(frames);
      },
    ),
    { numRuns: 60 },
  );
});

test("a message in a million pieces costs no more than its bytes", async () => {
  const text = "x".repeat(400_000);
  expect(await through([text], [1])).toEqual([text]);
}, 60_000);
