import type { Server } from "node:http";
import type { Socket } from "node:net";

/** How much of what came the parser gets at once, in bytes. */
const PIECE = 2 * 1024;

const stopped = new WeakSet<Socket>();

/** Nothing more that comes on this connection is looked at. */
export function stopFeeding(socket: Socket): void {
  stopped.add(socket);
}

/**
 * Hands the parser of each connection what came in small pieces, and no more once it was stopped or the connection was closed. Node hands
 * on all that one read of a socket gave, up to 64 KiB: thousands of requests or of chunks of one byte, at a microsecond or more each,
 * before anything else is done; and as much again for every other connection that has something.
 */
export function feedInPieces(server: Server): void {
  server.on("connection", (socket) => {
    const parse = socket.listeners("data");
    socket.removeAllListeners("data");
    socket.on("data", (data: Buffer) => {
      for (let at = 0; at < data.length && !socket.destroyed && !stopped.has(socket); at += PIECE) {
        for (const each of parse) each.call(socket, data.subarray(at, at + PIECE));
      }
    });
  });
}
