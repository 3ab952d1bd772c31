import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { DokployError } from "../../../components/dokploy/errors.ts";
import { openTransport, type Transport } from "../../../components/dokploy/transport.ts";

describe("a connection to Dokploy", () => {
  let server: Server | undefined;
  let transport: Transport;

  /** A server of a few lines: what the emulator does not do. */
  async function serve(
    listener: RequestListener,
    options: { concurrency?: number; path?: string } = {},
  ): Promise<void> {
    server = createServer(listener).listen(0, "127.0.0.1");
    await new Promise((resolve) => server?.once("listening", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${options.path ?? ""}`;
    transport = openTransport({ url, apiKey: "the-key", backoff: 1, timeout: 1_000, ...options });
  }

  afterEach(async () => {
    await transport.close();
    server?.closeAllConnections();
    server?.close();
  });

  it("asks with the key, below the path of the address", async () => {
    let seen: unknown;
    await serve(
      (request, response) => {
        seen = [request.url, request.headers["x-api-key"]];
        response.end('"v0.30.2"');
      },
      { path: "/dokploy" },
    );
    expect(await transport.get("settings.x", { a: "b c" })).toBe("v0.30.2");
    expect(seen).toEqual(["/dokploy/api/settings.x?a=b+c", "the-key"]);
  });

  it("takes an empty answer for nothing", async () => {
    await serve((_, response) => response.end());
    expect(await transport.post("compose.update", {})).toBeUndefined();
  });

  it.each([
    ["GET", 5, (t: Transport) => t.get("x")],
    ["an idempotent write", 5, (t: Transport) => t.post("x", {}, { idempotent: true })],
    ["any other write", 1, (t: Transport) => t.post("x", {})],
  ] as const)("sends %s at most %d times while the server is not ready", async (_, times, call) => {
    let asked = 0;
    await serve((__, response) => {
      asked += 1;
      response.writeHead(503).end();
    });
    await expect(call(transport)).rejects.toMatchObject({ kind: "transient" });
    expect(asked).toBe(times);
  });

  it("does not repeat what was refused", async () => {
    let asked = 0;
    await serve((_, response) => {
      asked += 1;
      response.writeHead(400, { "content-type": "application/json" }).end('{"message":"no"}');
    });
    await expect(transport.get("x")).rejects.toMatchObject({ kind: "validation" });
    expect(asked).toBe(1);
  });

  it("repeats any write that certainly never arrived", async () => {
    await serve((_, response) => response.end());
    const first = server as Server;
    const { port } = first.address() as AddressInfo;
    first.closeAllConnections();
    await new Promise((resolve) => first.close(resolve));
    const call = transport.post("compose.create", {});
    server = createServer((_, response) => response.end('{"ok":true}')).listen(port, "127.0.0.1");
    expect(await call).toEqual({ ok: true });
  });

  it("says that a page is no answer, also with status 200", async () => {
    await serve((_, response) => response.setHeader("content-type", "text/html").end("<html>log in</html>"));
    await expect(transport.get("x")).rejects.toThrow(/with a page instead of data/);
  });

  it("says that broken JSON is no answer", async () => {
    await serve((_, response) => response.end("{"));
    await expect(transport.post("x", {})).rejects.toMatchObject({ kind: "transient" });
  });

  it("has no more requests under way than it may", async () => {
    let now = 0;
    let most = 0;
    await serve(
      (_, response) => {
        most = Math.max(most, ++now);
        setTimeout(() => {
          now -= 1;
          response.end("1");
        }, 5);
      },
      { concurrency: 3 },
    );
    await Promise.all(Array.from({ length: 20 }, () => transport.get("x")));
    expect(most).toBe(3);
  });

  it("never tells the key", async () => {
    await serve((_, response) => response.writeHead(401).end('{"message":"Unauthorized"}'));
    const error = await transport.get("x").catch((caught: DokployError) => caught);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("the-key");
  });
});
