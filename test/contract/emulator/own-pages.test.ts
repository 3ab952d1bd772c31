import { afterEach, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { createClient } from "./client.ts";

describe("the emulator's own pages", () => {
  let emulator: Emulator;
  const start = async (host?: string) => {
    emulator = await startEmulator(host === undefined ? {} : { host });
    return createClient(emulator);
  };
  afterEach(() => emulator.close());

  const page = async (path: string) => (await fetch(emulator.url + path)).text();
  const submit = (path: string, fields: Record<string, string>, headers = {}) =>
    fetch(emulator.url + path, { method: "POST", body: new URLSearchParams(fields), headers, redirect: "manual" });

  it("show projects, services, deployments with their log, and containers", async () => {
    const client = await start();
    const { composeId, appName } = await client.createService();
    const { deploymentId } = await client.deploy(composeId);
    expect(await page("/")).toContain(`<a href="/services/${composeId}">web</a>`);
    expect(await page(`/services/${composeId}`)).toContain(`${appName}-web-1</a>`);
    expect(await page(`/deployments/${deploymentId}`)).toContain("Docker Compose Deployed: ✅");
    expect(await page(`/containers/${appName}-web-1`)).toContain("&quot;Status&quot;: &quot;running&quot;");
    expect((await fetch(`${emulator.url}/services/nope`)).status).toBe(404);
  });

  it("escape what people have written", async () => {
    const client = await start();
    const { composeId } = await client.createService({ description: "<script>1</script>", env: "</textarea><b>" });
    expect(await page(`/services/${composeId}`)).not.toMatch(/<script>|<b>/);
  });

  it("change the record as the web interface does, and deploy nothing", async () => {
    const client = await start();
    const { composeId } = await client.createService();
    const saved = await submit(`/services/${composeId}/env`, { env: "A=1\r\nB=2\r\n" });
    expect([saved.status, saved.headers.get("location")]).toEqual([303, `/services/${composeId}`]);
    await submit(`/services/${composeId}/compose-file`, { composeFile: "\r\nservices: {}\r\n" });
    expect((await client.get(`compose.one?composeId=${composeId}`)).body).toMatchObject({
      env: "A=1\nB=2\n",
      composeFile: "\nservices: {}\n",
      composeStatus: "idle",
      deployments: [],
    });
  });

  it("deploy, stop, start and delete", async () => {
    const client = await start();
    const { composeId } = await client.createService();
    const composeStatus = async () => (await client.get(`compose.one?composeId=${composeId}`)).body.composeStatus;
    await submit(`/services/${composeId}/deploy`, {});
    await emulator.control.idle();
    expect(await composeStatus()).toBe("done");
    await submit(`/services/${composeId}/stop`, {});
    expect(await composeStatus()).toBe("idle");
    await submit(`/services/${composeId}/start`, {});
    expect(await composeStatus()).toBe("done");
    await submit(`/services/${composeId}/delete`, {});
    expect((await client.get(`compose.one?composeId=${composeId}`)).status).toBe(404);
  });

  it("say what did not work", async () => {
    const client = await start();
    const { composeId } = await client.createService();
    const refused = await submit(`/services/${composeId}/stop`, {});
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("spawn /bin/sh ENOENT");
  });

  it("are not driven by another site", async () => {
    const client = await start();
    const { composeId } = await client.createService();
    const foreign = { origin: "https://elsewhere.test" };
    expect((await submit(`/services/${composeId}/delete`, {}, foreign)).status).toBe(403);
    expect((await submit("/_emulator/reset", {}, foreign)).status).toBe(403);
    expect((await client.get(`compose.one?composeId=${composeId}`)).status).toBe(200);
  });

  it("are not reached under another name on loopback", async () => {
    await start();
    const { port } = new URL(emulator.url);
    const { request } = await import("node:http");
    const status = await new Promise((resolve) => {
      request({ host: "127.0.0.1", port, headers: { host: "elsewhere.test" } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      }).end();
    });
    expect(status).toBe(403);
  });

  it("ask for the key beyond loopback, on the page and on the control endpoint", async () => {
    await start("0.0.0.0");
    const url = emulator.url.replace("0.0.0.0", "127.0.0.1");
    const basic = `Basic ${Buffer.from(`me:${emulator.apiKey}`).toString("base64")}`;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch(`${url}/_emulator/stats`)).status).toBe(401);
    expect((await fetch(`${url}/_emulator/reset`, { method: "POST" })).status).toBe(401);
    expect((await fetch(url, { headers: { "x-api-key": "wrong" } })).status).toBe(401);
    expect((await fetch(url, { headers: { authorization: basic } })).status).toBe(200);
    expect((await fetch(`${url}/_emulator/stats`, { headers: { "x-api-key": emulator.apiKey } })).status).toBe(200);
  });
});
