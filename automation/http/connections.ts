import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { isProxy, type Proxies, toBucket } from "./source.ts";

/** How many connections there may be before those that say nothing make room: in all, and of one source that is no proxy of ours. */
export interface ConnectionLimits {
  inAll: number;
  perSource: number;
  /** How many there may be, whatever they say. */
  most: number;
}

/** How long a connection may be there without a request that proved itself, where room is wanted, in milliseconds. */
const GRACE = 1_000;

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
 * Bounds the connections of a server. A new one is let in as long as there is one that makes room: the one that has been there longest
 * without being about a request that proved itself. So whoever opens connections and says nothing keeps nobody out, and many that come
 * at once have the time to say what they are about.
 */
export function limitConnections(server: Server, proxies: Proxies, limits: ConnectionLimits): void {
  const { inAll, perSource, most } = limits;
  // In the order in which they came.
  const open = new Map<Socket, { source: string; since: number }>();
  const counts = new Map<string, number>();
  const countOf = (source: string) => counts.get(source) ?? 0;
  const forget = (socket: Socket) => {
    const source = open.get(socket)?.source;
    if (source === undefined) return;
    open.delete(socket);
    if (countOf(source) > 1) counts.set(source, countOf(source) - 1);
    else counts.delete(source);
  };
  /** Closes the oldest of those, while `isFull`. */
  const makeRoom = (isFull: () => boolean, before: number, of?: string) => {
    if (!isFull()) return;
    for (const [socket, { source, since }] of open) {
      if (since > before || !isFull()) return;
      if ((of !== undefined && source !== of) || (proven.get(socket) ?? 0) > 0) continue;
      forget(socket);
      socket.destroy();
    }
  };
  server.on("connection", (socket) => {
    const address = socket.remoteAddress ?? "unknown";
    const source = toBucket(address);
    const now = performance.now();
    if (!isProxy(proxies, address)) makeRoom(() => countOf(source) >= perSource, now - GRACE, source);
    makeRoom(() => open.size >= inAll, now - GRACE);
    makeRoom(() => open.size >= most, now);
    if (open.size >= most) {
      socket.destroy();
      return;
    }
    open.set(socket, { source, since: now });
    counts.set(source, countOf(source) + 1);
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
