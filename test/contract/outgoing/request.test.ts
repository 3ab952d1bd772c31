import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { NoAnswer, openConnections, openStream, Redirected, request } from "../../../tools/outgoing/request.mjs";

describe("a request", () => {
  const servers: Server[] = [];

  async function listen(server: Server): Promise<number> {
    servers.push(server.listen(0, "127.0.0.1"));
    await new Promise((resolve) => server.once("listening", resolve));
    return (server.address() as AddressInfo).port;
  }

  const serve = async (listener: RequestListener) =>
    new URL(`http://127.0.0.1:${await listen(createServer(listener))}/`);

  const get = (url: URL, limit = 2_000) => request(url, { timeoutMs: limit });

  const failureOf = async (call: Promise<unknown>): Promise<NoAnswer> => {
    const failure = await call.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(NoAnswer);
    return failure as NoAnswer;
  };

  afterEach(() => {
    for (const server of servers.splice(0)) {
      if ("closeAllConnections" in server) (server as ReturnType<typeof createServer>).closeAllConnections();
      server.close();
    }
  });

  it("that nobody listens to was not sent", async () => {
    const url = await serve(() => {});
    servers.splice(0)[0]?.close();
    const failure = await failureOf(get(url));
    expect([failure.message, failure.sent]).toEqual(["ECONNREFUSED", false]);
  });

  it("whose connection breaks may have been carried out", async () => {
    const url = await serve((request) => request.socket.destroy());
    const failure = await failureOf(get(url));
    expect([failure.message, failure.sent]).toEqual(["ECONNRESET", true]);
  });

  it("may have been carried out on a connection that it waited for", async () => {
    let asked = 0;
    const url = await serve((request, response) => {
      asked += 1;
      if (asked === 1) setTimeout(() => response.end("1"), 50);
      else request.socket.destroy();
    });
    const connections = openConnections(url, 1, 2_000);
    const ask = () => request(url, { timeoutMs: 2_000, connections });
    const [, failure] = await Promise.all([ask(), failureOf(ask())]);
    expect([failure.message, failure.sent, asked]).toEqual(["ECONNRESET", true, 2]);
    connections.destroy();
  });

  it("was not sent when its time ended before it had a connection", async () => {
    const url = await serve(() => {});
    const connections = openConnections(url, 1, 2_000);
    const ask = (limit: number) => request(url, { timeoutMs: limit, connections });
    const [first, second] = await Promise.all([failureOf(ask(400)), failureOf(ask(100))]);
    expect([first.sent, second.sent]).toEqual([true, false]);
    connections.destroy();
  });

  it("whose answer breaks off has none", async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { "content-length": 100 }).write("half");
      setTimeout(() => response.socket?.destroy(), 20);
    });
    const failure = await failureOf(get(url));
    expect([failure.message, failure.sent]).toEqual(["ECONNRESET", true]);
  });

  it("ends in time, before an answer and in the middle of one", async () => {
    const silent = await serve(() => {});
    const endless = await serve((_, response) => response.writeHead(200).write("a"));
    for (const url of [silent, endless]) {
      const failure = await failureOf(get(url, 100));
      expect([failure.message, failure.sent]).toEqual(["TimeoutError", true]);
    }
  });

  it("never goes to a server whose certificate nobody vouches for", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dockmaster-tls-"));
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=127.0.0.1", "-days", "1", "-keyout", key, "-out", cert];
    execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", ...subject], { stdio: "ignore" });
    let asked = 0;
    const tls = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => {
      asked += 1;
      response.end();
    });
    rmSync(folder, { recursive: true });
    const failure = await failureOf(get(new URL(`https://127.0.0.1:${await listen(tls)}/`)));
    expect([failure.message, failure.sent, asked]).toEqual(["DEPTH_ZERO_SELF_SIGNED_CERT", false, 0]);
  });

  it("takes letters of several bytes together again", async () => {
    const url = await serve(async (_, response) => {
      const bytes = Buffer.from("größer ✔");
      for (const byte of bytes) {
        response.write(Buffer.of(byte));
        await delay(1);
      }
      response.end();
    });
    expect(await get(url)).toMatchObject({ status: 200, text: "größer ✔" });
  });

  it("shares connections, which are left before the server would close them", async () => {
    let made = 0;
    const server = createServer((_, response) => response.end("1"));
    server.on("connection", () => (made += 1));
    const url = new URL(`http://127.0.0.1:${await listen(server)}/`);
    const connections = openConnections(url, 2, 100);
    const ask = () => request(url, { timeoutMs: 2_000, connections });
    await ask();
    await ask();
    expect(made).toBe(1);
    await expect.poll(() => Object.keys(connections.freeSockets)).toEqual([]);
    await ask();
    expect(made).toBe(2);
    connections.destroy();
  });

  it.each([301, 302, 303, 307, 308])(
    "that is answered %i goes to no other address, which is named without what it asks for",
    async (status) => {
      let asked = 0;
      const elsewhere = await serve((_, response) => {
        asked += 1;
        response.end();
      });
      const target = new URL("/token-in-a-path?key=token-in-a-query", elsewhere);
      const url = await serve((_, response) => void response.writeHead(status, { location: target.href }).end());
      const sent = { headers: { "x-api-key": "canary" }, timeoutMs: 2_000 };
      const failure = await request(url, sent).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Redirected);
      const { message, origin } = failure as Redirected;
      expect({ message, origin }).toEqual({
        message: `answered ${status}: the server redirects to ${elsewhere.origin}`,
        origin: elsewhere.origin,
      });
      expect((failure as Redirected).hint("VAULT_ADDR")).toContain(`set VAULT_ADDR to ${elsewhere.origin}`);
      await expect(openStream(url, sent)).rejects.toBeInstanceOf(Redirected);
      expect(asked).toBe(0);
      expect(await request(url, { ...sent, redirect: "answer" })).toMatchObject({ status, location: target.href });
      expect(asked).toBe(0);
    },
  );

  it("is sent on only when it was asked for, at most five times, and never with headers of the caller's", async () => {
    const target = await serve((incoming, response) => response.end(JSON.stringify(incoming.headers)));
    const url = await serve((incoming, response) => {
      const left = Number(incoming.url?.slice(1));
      const location = left > 1 ? `/${left - 1}` : target.href.replace("//", "//user:password@");
      response.writeHead(302, { location }).end();
    });
    const follow = { timeoutMs: 2_000, redirect: "follow" } as const;
    const { text } = await request(new URL("/5", url), follow);
    expect(Object.keys(JSON.parse(text)).sort()).toEqual(["connection", "host"]);
    await expect(request(new URL("/6", url), follow)).rejects.toBeInstanceOf(Redirected);
    for (const more of [{ headers: { authorization: "canary" } }, { method: "POST" }] as const) {
      await expect(request(new URL("/1", url), { ...follow, ...more })).rejects.toThrow(TypeError);
    }
  });

  it.each(["/there", "no address//", "ftp://host/file", undefined])(
    "that is sent on to %s is an error too",
    async (location) => {
      const url = await serve((_, response) => void response.writeHead(307, location ? { location } : {}).end());
      const failure = await request(url, { timeoutMs: 2_000 }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Redirected);
    },
  );

  it.each<[string, string, Record<string, string>]>([
    ["an address that is none", "https://exa mple/canary", {}],
    ["an address of another kind", "ftp://example.org/canary", {}],
    ["a header that cannot be one", "http://127.0.0.1:1/canary", { "x-api-key": "canary\n" }],
  ])("fails without repeating it: %s", async (_, address, headers) => {
    const failure = await failureOf(request(address, { headers, timeoutMs: 500 }));
    expect(failure.sent).toBe(false);
    expect(failure.message).toMatch(/^ERR_/);
    expect(failure.message).not.toContain("canary");
  });

  it("gives a stream for as long as it lasts, once its head was there in time", async () => {
    const url = await serve(async (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (let count = 0; count < 4; count++) {
        response.write(`${count}`);
        await delay(60);
      }
      response.end();
    });
    const { status, contentType, body } = await openStream(url, { timeoutMs: 150 });
    let text = "";
    for await (const chunk of body) text += chunk;
    expect({ status, contentType, text }).toEqual({ status: 200, contentType: "text/event-stream", text: "0123" });
    const silent = await serve(() => {});
    const failure = await failureOf(openStream(silent, { timeoutMs: 100 }));
    expect(failure.message).toBe("TimeoutError");
  });
});
