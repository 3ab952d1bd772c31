import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signPlain } from "../../../../automation/api/signature.ts";
import { type Harness, startHarness } from "../harness.ts";
import { until } from "../until.ts";

/** One of each kind of what is not seen or acts on a terminal. */
const HIDDEN = [
  "\u001b[2J",
  "\u0007",
  "\u0000",
  "\u007f",
  "\u009b31m",
  "\u202e",
  "\u2066",
  "\u200b",
  "\u2028",
  "\ufeff",
];
const HOSTILE = `evil${HIDDEN.join("x")} <!channel> <at user_id="all">all</at> @everyone | ![x](https://evil) \`end\``;

/** Which of them are left in a text. */
const left = (text: string) => HIDDEN.filter((hidden) => text.includes(hidden));

describe("texts of others", () => {
  let harness: Harness;
  let target: Server;
  const notices: Record<string, string[]> = {};

  beforeAll(async () => {
    target = createServer(async (request, response) => {
      let text = "";
      for await (const chunk of request) text += chunk;
      const heard = notices[request.url ?? ""] ?? [];
      notices[request.url ?? ""] = [...heard, text];
      response.end();
    });
    await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
    const { port } = target.address() as AddressInfo;
    const at = (path: string) => `http://127.0.0.1:${port}/${path}`;
    harness = await startHarness({
      NOTIFY_WEBHOOK: at("webhook"),
      NOTIFY_SLACK: at("slack"),
      NOTIFY_FEISHU: at("feishu"),
      LOG_LEVEL: "debug",
    });
  });
  afterAll(async () => {
    await harness.stop();
    target.close();
  });

  const ask = (body: object) => harness.send("POST", "/deploy", { env: "staging", tag: "v1.0.1", ...body });

  test.each(HIDDEN)("%j is refused in what our own callers send, by the field's name", async (hidden) => {
    for (const field of ["triggered_by", "reason"]) {
      const { status, body } = await ask({ triggered_by: "ada", [field]: `a${hidden}b` });
      expect({ field, status }).toEqual({ field, status: 400 });
      expect(JSON.stringify(body)).toContain(field);
      expect(JSON.stringify(body)).toContain("control characters");
    }
    const { status } = await ask({ triggered_by: "ada", give_up: [`volume${hidden}x`] });
    expect(status).toBe(400);
  });

  test("a name in any script is none of them, nor is a reason of several lines", async () => {
    const said = { triggered_by: "Zoë 山田 שלום 👍🏽", reason: "first line\n\tsecond line" };
    const { status } = await harness.send(
      "POST",
      "/deploy",
      { env: "staging", tag: "v1.0.1", ...said },
      { waitSeconds: 120 },
    );
    expect(status).toBe(200);
  }, 120_000);

  test("what a pusher, a server and a container say is shown in every sink, and acts in none", async () => {
    harness.script("staging/redis", { fail: `deployment_failed: ${HOSTILE} (look)\nlog: ${HOSTILE}` });
    const before = harness.origin.git("rev-parse", "HEAD");
    const after = harness.origin.release(null, {
      "env.json": JSON.stringify({ redis: { N: "2" } }),
      "components/redis/x": "1",
    });
    const push = { ref: "refs/heads/main", before, after, created: false, commits: [], pusher: { name: HOSTILE } };
    const body = new TextEncoder().encode(JSON.stringify(push));
    const answer = await fetch(new URL("/webhook", harness.runner.url), {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        "x-hub-signature-256": signPlain(harness.secret, body),
        "x-github-event": "push",
        "x-github-delivery": "hostile-1",
      },
    });
    // The run failed, or goes on.
    expect([500, 202]).toContain(answer.status);
    const heard = () => Object.keys(notices).length === 3;
    await until("people were told", 60_000, heard);

    const [slack = ""] = notices["/slack"] ?? [];
    const [feishu = ""] = notices["/feishu"] ?? [];
    expect(slack).toContain("&lt;!channel&gt;");
    expect(slack).not.toContain("<");
    expect(feishu).not.toContain("<at");
    expect(feishu).not.toContain("](");
    for (const [path, [text = ""]] of Object.entries(notices))
      expect({ path, left: left(text) }).toEqual({ path, left: [] });
    expect(left(harness.logged())).toEqual([]);
    for (const line of harness.logged().trim().split("\n")) expect(() => JSON.parse(line)).not.toThrow();

    const { runs } = (await harness.send("GET", "/runs?limit=1")).body as { runs: { id: string }[] };
    const tag = harness.origin.git("ls-remote", "--tags", "origin");
    expect(tag.length).toBeGreaterThan(0);
    const env = {
      PATH: process.env.PATH,
      HOME: harness.folder,
      DOCKMASTER_URL: harness.runner.url,
      WEBHOOK_SECRET: harness.secret,
    };
    for (const words of [
      ["runs"],
      ["logs", runs[0]?.id ?? ""],
      ["logs", runs[0]?.id ?? "", "--json"],
      ["status"],
      ["stacks"],
    ]) {
      const main = join(import.meta.dirname, "../../../../cli/main.ts");
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, ...words], { env }).catch(
        (error: { stdout: string; stderr: string }) => error,
      );
      expect({ words, left: left(stdout + stderr) }).toEqual({ words, left: [] });
    }
  }, 180_000);
});
