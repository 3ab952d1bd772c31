import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { DokployError } from "../../../../components/dokploy/api/errors.ts";
import { openTransport, type Transport } from "../../../../components/dokploy/api/transport.ts";

describe("a connection to Dokploy", () => {
  let server: Server | undefined;
  let transport: Transport;

  /** A server of a few lines: what the emulator does not do. */
  async function serve(
    listener: RequestListener,
    options: { concurrency?: number; path?: string; timeout?: number } = {},
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

  it.each(["//evil.example", "//evil.example//x", "/a//b"])("asks no other server for the address %s", async (path) => {
    const seen: (string | undefined)[] = [];
    await serve(
      (request, response) => {
        seen.push(request.url);
        response.end("1");
      },
      { path },
    );
    await transport.get("settings.x");
    await transport.post("compose.x", {});
    const prefix = path.replaceAll("//", "/");
    expect(seen).toEqual([`${prefix}/api/settings.x`, `${prefix}/api/compose.x`]);
  });

  it("follows no redirect, says where it leads and does not try again", async () => {
    let asked = 0;
    let followed = 0;
    const target = createServer((_, response) => {
      followed += 1;
      response.end("1");
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => target.once("listening", resolve));
    const there = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
    await serve((request, response) => {
      asked += 1;
      const headers = { location: `${there}${request.url}`, "content-type": "text/html" };
      response.writeHead(308, headers).end("<html>Permanent Redirect</html>");
    });
    await expect(transport.get("compose.one", { composeId: "private" })).rejects.toMatchObject({
      kind: "moved",
      message: `GET compose.one answered 308: the server redirects to ${there}`,
      hint: `set DOKPLOY_URL to ${there}`,
    });
    expect([asked, followed]).toEqual([1, 0]);
    target.close();
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

  it("does not count the time that a request waits for its turn", async () => {
    let asked = 0;
    await serve(
      (_, response) => {
        asked += 1;
        setTimeout(() => response.end("1"), 150);
      },
      { concurrency: 1, timeout: 300 },
    );
    const all = await Promise.all(Array.from({ length: 8 }, () => transport.get("x")));
    expect([all.length, asked]).toEqual([8, 8]);
  });

  it("never tells the key", async () => {
    await serve((_, response) => response.writeHead(401).end('{"message":"Unauthorized"}'));
    const error = await transport.get("x").catch((caught: DokployError) => caught);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("the-key");
  });
});
