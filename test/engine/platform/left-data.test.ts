import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPlatform, type Platform } from "./platform.ts";

const STAGING = ["platform:domain: example.org", "platform:suffix: -staging", "platform:services: [postgres, redis]"];
const STORE = "platform-redis-store-staging";
const DATA = "platform-redis-data-staging";

// One story with the real engine: each step goes on from where the one before it ended.
describe("a release by which containers would start without their data", { timeout: 240_000 }, () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await openPlatform();
    platform.config("staging", STAGING);
    const { ok, text } = await platform.up("staging");
    expect(ok, text).toBe(true);
  });
  afterAll(() => platform?.close());

  const edit = (from: RegExp, to: string) => {
    const path = join(platform.folder, "components/redis/compose.yaml");
    writeFileSync(path, readFileSync(path, "utf8").replaceAll(from, to));
  };
  const renameVolume = (from: string, to: string) => {
    edit(new RegExp(`- ${from}:/data`, "g"), `- ${to}:/data`);
    edit(new RegExp(`^ {2}${from}:$`, "gm"), `  ${to}:`);
    const index = join(platform.folder, "components/redis/index.ts");
    writeFileSync(index, readFileSync(index, "utf8").replace(`data: ["${from}"]`, `data: ["${to}"]`));
  };
  const redisOnDokploy = async () => {
    const ask = async (path: string) =>
      (
        await fetch(new URL(`/api/${path}`, platform.emulator.url), {
          headers: { "x-api-key": platform.emulator.apiKey },
        })
      ).json();
    const projects = (await ask("project.all")) as {
      environments: { name: string; compose: { composeId: string; name: string }[] }[];
    }[];
    const all = projects.flatMap(({ environments }) => environments).filter(({ name }) => name === "staging");
    const found = all.flatMap(({ compose }) => compose).find(({ name }) => name === "redis");
    return (await ask(`compose.one?composeId=${found?.composeId}`)) as { composeId: string; composeFile: string };
  };
  const texts = async () => (await platform.services("staging")).map(({ composeFile }) => composeFile);
  const giveUp = (...names: string[]) => ({ DOCKMASTER_GIVE_UP: names.join(",") });

  test.each(["preview", "up"] as const)("another key of a volume is refused by `%s`", async (command) => {
    renameVolume("data", "store");
    const before = await texts();
    const running = await platform.running("staging");
    platform.writes();
    const { ok, text, changes } = await platform[command]("staging");
    expect([ok, changes]).toEqual([false, {}]);
    expect(text).toContain(
      `config_invalid: redis: container platform-redis-staging has volume ${DATA} at /data and would start with volume ${STORE} there`,
    );
    expect(text).toContain(`say --give-up ${DATA} in the run`);
    expect(platform.writes()).toEqual({});
    expect(await texts()).toEqual(before);
    expect(await platform.running("staging")).toEqual(running);
    renameVolume("store", "data");
  });

  test.each(["preview", "up"] as const)("another suffix is refused by `%s`", async (command) => {
    platform.config("staging", ["platform:domain: example.org", "platform:suffix: -stage", STAGING[2] ?? ""]);
    platform.writes();
    const { ok, text, changes } = await platform[command]("staging");
    // What the state says of the environment; nothing is made for it.
    expect([ok, changes]).toEqual([false, { "Environment environment": "update" }]);
    expect(text).toMatch(
      /container platform-(postgres|redis)-staging has volume platform-\1-data-staging at \S+ and platform-\1-stage, which takes its place, would start with volume platform-\1-data-stage there/,
    );
    expect(platform.writes()).toEqual({});
    platform.config("staging", STAGING);
    // The way back touches no service.
    const back = command === "up" ? { "Environment environment": "update" } : {};
    expect((await platform.up("staging")).changes).toEqual(back);
    expect(platform.writes()).toEqual({});
  });

  test("the name of the volume lets it through, in that run only, and is told", async () => {
    renameVolume("data", "store");
    const planned = await platform.preview("staging", giveUp(DATA));
    expect(planned.ok, planned.text).toBe(true);
    expect(planned.text).toContain(
      `redis gives up volume ${DATA}: container platform-redis-staging has volume ${DATA}`,
    );
    const { ok, text, changes } = await platform.up("staging", giveUp(DATA));
    expect([ok, changes], text).toEqual([true, { "Compose redis": "update" }]);
    expect((await platform.up("staging")).changes).toEqual({});
    renameVolume("store", "data");
    const back = await platform.up("staging");
    expect([back.ok, back.text]).toEqual([false, expect.stringContaining(`has volume ${STORE} at /data`)]);
  });

  test("a volume that was added by hand is drift, and is not taken away without a word", async () => {
    renameVolume("data", "store");
    const { composeId, composeFile } = await redisOnDokploy();
    const added = composeFile
      .replace("      - store:/data\n", "      - store:/data\n      - extra:/extra\n")
      .replace(/^volumes:\n/m, "volumes:\n  extra:\n    name: extra-by-hand\n");
    platform.emulator.control.edit(composeId, { composeFile: added });
    const drift = await platform.drift("staging");
    expect([drift.ok, drift.text]).toEqual([false, expect.stringContaining("redis was changed by hand: composeFile")]);
    const { ok, text } = await platform.up("staging");
    expect([ok, text]).toEqual([
      false,
      expect.stringContaining("volume extra-by-hand at /extra and would start without it"),
    ]);
    const given = await platform.up("staging", giveUp("extra-by-hand"));
    expect(given.ok, given.text).toBe(true);
    renameVolume("store", "data");
  });

  test("data that is disposable may be left", async () => {
    platform.config("staging", [...STAGING, "platform:data: disposable"]);
    const { ok, text } = await platform.up("staging");
    expect(ok, text).toBe(true);
    expect((await platform.drift("staging")).ok).toBe(true);
  });
});
