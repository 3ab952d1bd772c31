import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** Dokploy with its registries, which the emulator does not have: answers these calls itself and passes on all others. */
export interface DokployFront {
  url: string;
  /** The logins that it was given, the newest state of each. */
  logins: Record<string, unknown>[];
  /** Lets the registry refuse every login from now on, or no more. */
  refuse(on: boolean): void;
  stop(): Promise<void>;
}

/** Puts itself before the emulator at `behind`. Knows https://docs.dokploy.com/docs/api/reference-registry as far as it is used. */
export async function startFront(behind: string, apiKey: string): Promise<DokployFront> {
  const logins: Record<string, unknown>[] = [];
  let refusing = false;
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const procedure = /^\/api\/(registry\.\w+)/.exec(request.url ?? "")?.[1];
    const key = String(request.headers["x-api-key"] ?? "");
    if (procedure === undefined) {
      const headers = { "x-api-key": key, "content-type": "application/json" };
      const init = body === "" ? { method: request.method ?? "GET", headers } : { method: "POST", headers, body };
      const answer = await fetch(`${behind}${request.url}`, init);
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "application/json" });
      response.end(await answer.text());
      return;
    }
    if (refusing && request.method === "POST") {
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ message: "unauthorized: incorrect username or password", code: "BAD_REQUEST" }));
      return;
    }
    const found = key === apiKey ? answerRegistry(procedure, body === "" ? {} : JSON.parse(body)) : undefined;
    response.writeHead(found === undefined ? 401 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(found ?? { message: "Unauthorized", code: "UNAUTHORIZED" }));
  });

  function answerRegistry(procedure: string, body: Record<string, unknown>): unknown {
    if (procedure === "registry.all") return logins.map(({ password: _password, ...row }) => row);
    if (procedure === "registry.create") {
      logins.push({ registryId: `registry-${logins.length + 1}`, ...body });
      return logins.at(-1);
    }
    const own = logins.find(({ registryId }) => registryId === body.registryId);
    return Object.assign(own ?? {}, body);
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    logins,
    refuse: (on) => {
      refusing = on;
    },
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
