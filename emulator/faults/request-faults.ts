import { setTimeout as sleep } from "node:timers/promises";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Context, MiddlewareHandler } from "hono";
import type { RequestFault } from "./fault.ts";
import type { Faults } from "./faults.ts";

const BAD_GATEWAY =
  "<html>\n<head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1></body>\n</html>\n";

/** Lets the armed faults strike the requests that pass through here. */
export function requestFaults(faults: Faults): MiddlewareHandler {
  return async (c, next) => {
    const struck = faults.takeForRequest(procedureOf(c.req.path));
    for (const fault of struck) {
      if (fault.kind === "latency") await sleep(fault.ms);
      const answer = answerInstead(c, fault);
      if (answer !== undefined) return answer;
    }
    await next();
    if (struck.some(({ kind }) => kind === "drop-after")) c.res = dropConnection(c);
    return undefined;
  };
}

/** `compose.update` of `/api/compose.update` and of `/api/trpc/compose.update`. */
export function procedureOf(path: string): string {
  return path.replace(/^\/api\/(trpc\/)?/, "").replace(/^deploy\/compose\/.*/, "deploy.compose");
}

function answerInstead(c: Context, fault: RequestFault): Response | undefined {
  switch (fault.kind) {
    case "error": {
      const body = { message: "Internal server error", code: "INTERNAL_SERVER_ERROR" };
      return Response.json(body, { status: fault.status });
    }
    case "html":
      return new Response(BAD_GATEWAY, { status: fault.status, headers: { "content-type": "text/html" } });
    case "unauthorized":
      return Response.json(
        fault.check === "second" ? betweenChecks(procedureOf(c.req.path)) : { message: "Unauthorized" },
        {
          status: 401,
        },
      );
    case "drop-before":
      return dropConnection(c);
    default:
      return undefined;
  }
}

/** What tRPC says of a key that the page's route had taken. */
function betweenChecks(path: string) {
  const data = { code: "UNAUTHORIZED", httpStatus: 401, path, zodError: null };
  return { message: "UNAUTHORIZED", code: "UNAUTHORIZED", data };
}

export function dropConnection(c: Context): Response {
  (c.env as HttpBindings).incoming.socket.destroy();
  return RESPONSE_ALREADY_SENT;
}
