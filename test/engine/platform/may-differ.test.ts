import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPlatform, type Platform } from "./platform.ts";

const LINES = ["platform:domain: example.org", "platform:suffix: -staging", "platform:services: [redis]"];
const DRIFT = "platform:drift: {mode: heal, ignore: [settings.autoDeploy]}";
const REDIS = "platform:redis: {drift: {ignore: [env.REDIS_MEMORY, env.NEW]}";
const CANARY = "canary-by-hand";

// One story, told in order with the real engine.
describe("parts that may differ, as the stack's file names them", { timeout: 240_000 }, () => {
  let platform: Platform;
  const says = (...lines: string[]) => platform.config("staging", [...LINES, ...lines]);
  const redis = async () => (await platform.services("staging"))[0]!;
  const record = async () => {
    const headers = { "x-api-key": platform.emulator.apiKey };
    const ask = async (path: string) =>
      (await fetch(new URL(`/api/${path}`, platform.emulator.url), { headers })).json();
    const [project] = (await ask("project.all")) as { environments: { compose: { composeId: string }[] }[] }[];
    const id = project!.environments.flatMap(({ compose }) => compose)[0]!.composeId;
    return (await ask(`compose.one?composeId=${id}`)) as { composeId: string; env: string; autoDeploy: boolean };
  };
  beforeAll(async () => {
    platform = await openPlatform();
    says(DRIFT, `${REDIS}}`);
    const { ok, text } = await platform.up("staging");
    expect(ok, text).toBe(true);
  });
  afterAll(() => platform?.close());

  test("are no drift and no change when a hand changes them, and are told", async () => {
    const { composeId, env } = await record();
    const edited = `${env.replace(/REDIS_MEMORY=.*/, "REDIS_MEMORY=777mb")}NEW=${CANARY}\n`;
    expect(edited).toContain("777mb");
    platform.emulator.control.edit(composeId, { env: edited, autoDeploy: true });
    platform.writes();
    const drift = await platform.drift("staging");
    expect(drift.ok, drift.text).toBe(true);
    expect(drift.text).toContain(
      "redis has env.NEW, env.REDIS_MEMORY, settings.autoDeploy changed by hand, and keeps it (platform:drift)",
    );
    const preview = await platform.preview("staging");
    expect(preview).toMatchObject({ ok: true, changes: {} });
    const up = await platform.up("staging");
    expect(up.ok, up.text).toBe(true);
    expect(up.changes).toEqual({});
    expect(platform.writes()).toEqual({});
    expect(await record()).toMatchObject({ env: edited, autoDeploy: true });
  });

  test("stay when an update brings something else", async () => {
    says(DRIFT, `${REDIS}, env: {OTHER: "1"}}`);
    const up = await platform.up("staging");
    expect(up.changes, up.text).toEqual({ "Compose redis": "update" });
    expect((await redis()).deployments).toBe(2);
    const after = await record();
    expect(after.autoDeploy).toBe(true);
    for (const line of ["REDIS_MEMORY=777mb", `NEW=${CANARY}`, "OTHER=1"]) expect(after.env).toContain(line);
    const drift = await platform.drift("staging");
    expect(drift.ok, drift.text).toBe(true);
    expect(await platform.state("staging")).toContain('"env.REDIS_MEMORY"');
  });

  test("are put back, as the preview foretells, when the file names them no more", async () => {
    says('platform:redis: {env: {OTHER: "1"}}');
    const preview = await platform.preview("staging");
    expect(preview.text).toContain(
      "redis: env.NEW, env.REDIS_MEMORY, settings.autoDeploy was changed by hand, and is put back",
    );
    const up = await platform.up("staging");
    expect(up.changes, up.text).toEqual({ "Compose redis": "update" });
    const after = await record();
    expect(after.autoDeploy).toBe(false);
    expect(after.env).not.toMatch(/777mb|NEW=/);
    expect(await platform.state("staging")).not.toContain('"ignore"');
    expect(platform.everything()).not.toContain(CANARY);
  });

  test("are refused by name, all at once", async () => {
    says("platform:drift: {mode: heel, ignore: [owner]}", "platform:redis: {drift: {ignore: [evn.A]}}");
    const { ok, text } = await platform.preview("staging");
    expect(ok).toBe(false);
    expect(text).toContain("3 problems in stack staging");
    for (const place of ["`platform:drift.mode`", "`platform:drift.ignore.0`", "`platform:redis.drift.ignore.0`"]) {
      expect(text).toContain(place);
    }
  });
});
