import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import { RequestError, toErrorBody } from "../errors.ts";
import { admitRequest, limitConnections } from "./connections.ts";
import { feedInPieces, stopFeeding } from "./feed.ts";
import type { HttpEnv } from "./middleware.ts";
import type { Proxies } from "./source.ts";

/** How long headers, and a request as a whole, may take to arrive, and how often that is looked at, in milliseconds. */
const TIMES = { headersTimeout: 10_000, requestTimeout: 60_000, connectionsCheckingInterval: 1_000 };

const CONNECTIONS = { inAll: 512, perSource: 256, most: 2_048 };

/** Makes a server that answers with `app`, and bounds what anybody can hold of it. */
export function createHttpServer(
  app: Pick<Hono<HttpEnv>, "fetch">,
  { trustedProxies }: { trustedProxies: Proxies },
): Server {
  const answer = getRequestListener(app.fetch, {
    // Ours: what is left of a body is not read on.
    autoCleanupIncoming: false,
    errorHandler: () => {
      const error = new RequestError("request_invalid");
      return Response.json(toErrorBody(error, ""), { status: error.status, headers: { connection: "close" } });
    },
  });
  const server = createServer(TIMES, (incoming, outgoing) => {
    if (!admitRequest(incoming, outgoing)) return;
    // No operation takes a body in chunks: it is answered, and nothing of it is read.
    if (incoming.headers["transfer-encoding"] !== undefined) stopFeeding(incoming.socket);
    void answer(incoming, outgoing);
  });
  // Node would answer 417 to any expectation but that of 100 Continue.
  server.on("checkExpectation", (incoming, outgoing) => server.emit("request", incoming, outgoing));
  feedInPieces(server);
  limitConnections(server, trustedProxies, CONNECTIONS);
  return server;
}
