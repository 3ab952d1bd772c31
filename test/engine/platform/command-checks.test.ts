import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPlatform, type Platform } from "./platform.ts";

// One story, told in order with the real engine: each step goes on from where the one before it ended.
describe("a command check", { timeout: 120_000 }, () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await openPlatform({ plugins: ["command"] });
    configure("memory: 256m");
  });
  afterAll(() => platform?.close());

  const file = (name: string) => join(platform.folder, name);
  /** What the check has written so far: a line for each time it ran. */
  const ran = () => (existsSync(file("ran")) ? readFileSync(file("ran"), "utf8").trim().split("\n") : []);
  function configure(setting: string, minio = ""): void {
    const command = `echo $STACK/$SERVICE$SUFFIX.$DOMAIN >> ${file("ran")}; echo canary-of-its-output; ! test -e ${file("broken")}`;
    platform.config("staging", [
      "platform:domain: example.org",
      "platform:suffix: -staging",
      "platform:services: [redis, minio]",
      `platform:redis: {${setting}, checks: [{command: '${command}', attempts: 2, interval: 1}]}`,
      ...(minio ? [`platform:minio: {${minio}}`] : []),
    ]);
  }

  test("runs once after the service was deployed", async () => {
    const { ok, text, changes } = await platform.up("staging");
    expect(ok, text).toBe(true);
    expect(changes).toMatchObject({ "Compose redis": "create", "Command redis-check-1": "create" });
    expect(ran()).toEqual(["staging/redis-staging.example.org"]);
  });

  test("does not run when nothing of its service changed", async () => {
    expect((await platform.up("staging")).changes).toEqual({});
    configure("memory: 256m", "memory: 2g");
    expect((await platform.up("staging")).changes).toEqual({ "Compose minio": "update" });
    expect((await platform.drift("staging")).ok).toBe(true);
    expect(ran()).toHaveLength(1);
  });

  test("fails the update after its attempts, and says why", async () => {
    writeFileSync(file("broken"), "");
    configure("memory: 512m", "memory: 2g");
    const { ok, text, changes } = await platform.up("staging");
    expect(ok).toBe(false);
    expect(changes).toMatchObject({ "Compose redis": "update" });
    expect(text).toContain("check_failed: redis runs, but redis-check-1 failed 2 times");
    expect(text).toContain("canary-of-its-output");
    expect(ran()).toHaveLength(3);
  });

  test("runs again with the next update, though nothing changed, until it succeeds", async () => {
    expect((await platform.up("staging")).ok).toBe(false);
    expect(ran()).toHaveLength(5);
    rmSync(file("broken"));
    const { ok, text, changes } = await platform.up("staging");
    expect(ok, text).toBe(true);
    expect(Object.keys(changes)).toEqual(["Command redis-check-1"]);
    expect(ran()).toHaveLength(6);
    expect((await platform.up("staging")).changes).toEqual({});
    expect(ran()).toHaveLength(6);
  });

  test("runs again when the service is deployed to fix what a person changed", async () => {
    const { url, apiKey } = platform.emulator;
    const ask = async (path: string, body?: object) => {
      const init = body ? { method: "POST", body: JSON.stringify(body) } : {};
      const headers = { "x-api-key": apiKey, "content-type": "application/json" };
      return (await fetch(new URL(`/api/${path}`, url), { ...init, headers })).json();
    };
    type Project = { environments: { compose: { composeId: string; name: string }[] }[] };
    const projects = (await ask("project.all")) as Project[];
    const all = projects.flatMap(({ environments }) => environments.flatMap(({ compose }) => compose));
    const { composeId } = all.find(({ name }) => name === "redis")!;
    await ask("compose.update", { composeId, env: "BY_HAND=1" });
    expect((await platform.up("staging")).changes).toMatchObject({ "Compose redis": "update" });
    expect(ran()).toHaveLength(7);
    expect((await platform.up("staging")).changes).toEqual({});
    expect(ran()).toHaveLength(7);
  });

  test("leaves nothing of its output in the state", async () => {
    expect(await platform.state("staging")).not.toContain("canary-of-its-output\\n");
  });
});
