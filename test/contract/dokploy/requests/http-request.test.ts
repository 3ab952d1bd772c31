import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { exchange, NoAnswer, openConnections } from "../../../../components/dokploy/api/http-request.ts";

describe("a request", () => {
  const servers: Server[] = [];

  async function listen(server: Server): Promise<number> {
    servers.push(server.listen(0, "127.0.0.1"));
    await new Promise((resolve) => server.once("listening", resolve));
    return (server.address() as AddressInfo).port;
  }

  const serve = async (listener: RequestListener) =>
    new URL(`http://127.0.0.1:${await listen(createServer(listener))}/`);

  const get = (url: URL, limit = 2_000) => exchange(url, { method: "GET", signal: AbortSignal.timeout(limit) });

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
    const ask = () => exchange(url, { method: "GET", signal: AbortSignal.timeout(2_000), connections });
    const [, failure] = await Promise.all([ask(), failureOf(ask())]);
    expect([failure.message, failure.sent, asked]).toEqual(["ECONNRESET", true, 2]);
    connections.destroy();
  });

  it("was not sent when its time ended before it had a connection", async () => {
    const url = await serve(() => {});
    const connections = openConnections(url, 1, 2_000);
    const ask = (limit: number) => exchange(url, { method: "GET", signal: AbortSignal.timeout(limit), connections });
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
    const ask = () => exchange(url, { method: "GET", signal: AbortSignal.timeout(2_000), connections });
    await ask();
    await ask();
    expect(made).toBe(1);
    await expect.poll(() => Object.keys(connections.freeSockets)).toEqual([]);
    await ask();
    expect(made).toBe(2);
    connections.destroy();
  });
});
