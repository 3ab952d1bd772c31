import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { isProxy, type Proxies, toBucket } from "./source.ts";

/** How many connections there may be, and of one source that is no proxy of ours. */
export interface ConnectionLimits {
  inAll: number;
  perSource: number;
}

/** Requests of one connection that may be under way at once: what sends more without waiting for answers is no client of ours. */
const PIPELINED = 4;

/** How long who is refused in the middle of sending has to take in the answer, in milliseconds. */
const LINGER = 1_000;

/** How many requests of a connection are being answered that were signed rightly or had the token. */
const proven = new WeakMap<Socket, number>();
const pending = new WeakMap<Socket, number>();

/** A request on this connection proved that it may ask: the connection is kept until it is answered. */
export function keepConnection({ socket }: IncomingMessage, response: ServerResponse): void {
  proven.set(socket, (proven.get(socket) ?? 0) + 1);
  response.once("close", () => proven.set(socket, (proven.get(socket) ?? 1) - 1));
}

/**
 * Whether a request may be looked at. A connection that sends on and on without waiting is closed: what came with one read of the
 * socket can be thousands, which would all be answered before anybody else is.
 */
export function admitRequest({ socket }: IncomingMessage, response: ServerResponse): boolean {
  if (socket.destroyed) return false;
  const count = (pending.get(socket) ?? 0) + 1;
  if (count > PIPELINED) {
    socket.destroy();
    return false;
  }
  pending.set(socket, count);
  response.once("close", () => pending.set(socket, (pending.get(socket) ?? 1) - 1));
  return true;
}

/**
 * Bounds the connections of a server. A new one is always let in as long as there is one that makes room: the one that has been there
 * longest without being about a request that proved itself. So whoever opens connections and says nothing keeps nobody out.
 */
export function limitConnections(server: Server, proxies: Proxies, { inAll, perSource }: ConnectionLimits): void {
  // In the order in which they came.
  const open = new Map<Socket, string>();
  const counts = new Map<string, number>();
  const count = (source: string, by: number) => {
    const now = (counts.get(source) ?? 0) + by;
    if (now > 0) counts.set(source, now);
    else counts.delete(source);
  };
  const forget = (socket: Socket) => {
    const source = open.get(socket);
    if (source === undefined) return;
    open.delete(socket);
    count(source, -1);
  };
  const makeRoom = (test: (source: string) => boolean): boolean => {
    for (const [socket, source] of open) {
      if (!test(source) || (proven.get(socket) ?? 0) > 0) continue;
      forget(socket);
      socket.destroy();
      return true;
    }
    return false;
  };
  server.on("connection", (socket) => {
    const address = socket.remoteAddress ?? "unknown";
    const source = toBucket(address);
    const isFull = !isProxy(proxies, address) && (counts.get(source) ?? 0) >= perSource;
    if ((isFull && !makeRoom((each) => each === source)) || (open.size >= inAll && !makeRoom(() => true))) {
      socket.destroy();
      return;
    }
    open.set(socket, source);
    count(source, 1);
    socket.once("close", () => forget(socket));
  });
}

/**
 * When a request is answered before all of it has come, reads no more of it: its connection is closed once the answer is out. At once
 * would lose the answer (RFC 9112 §9.6), and to read on as long as it comes is what a hostile sender would want. Answers whether that
 * is so.
 */
export function leaveUnread(incoming: IncomingMessage | undefined): boolean {
  if (!incoming || incoming.complete) return false;
  const { socket } = incoming;
  // What was taken in already goes; then nothing more is taken from the network.
  incoming.resume();
  setImmediate(() => socket.pause());
  const close = () => {
    socket.end();
    setTimeout(() => socket.destroy(), LINGER).unref();
  };
  socket.destroySoon = close;
  return true;
}
