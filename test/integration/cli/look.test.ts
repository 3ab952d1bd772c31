import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cacheFolder } from "../../../tools/engine-path.mjs";
import { type Laptop, openLaptop, results } from "./laptop-harness.ts";

// One story: each command finds what the one before it left.
describe("a laptop's stack on which nothing is to do", { timeout: 240_000 }, () => {
  let laptop: Laptop;
  const up = async (...words: string[]) => {
    const end = await laptop.dockmaster("up", "staging", "--yes", "--json", ...words);
    expect(end.code, end.stdout + end.stderr).toBe(0);
    return { by: (JSON.parse(end.stdout) as { by: string }).by, results: results(end) };
  };
  const drift = async (env: Record<string, string> = {}, ...words: string[]) => {
    const end = await laptop.dockmasterAs(env, "drift", "staging", "--json", ...words);
    const { by, status } = JSON.parse(end.stdout) as { by: string; status: string };
    return [end.code, status, by];
  };
  beforeAll(async () => {
    laptop = await openLaptop();
    laptop.editStackFile("[postgres, redis]", "[redis]");
    expect((await up("--create")).by).toBe("engine");
  }, 240_000);
  afterAll(() => laptop.close());

  test("up and drift look first, and say so; --full goes past it", async () => {
    expect(await up()).toEqual({ by: "look", results: [["redis", "unchanged"]] });
    const text = await laptop.dockmaster("up", "staging", "--yes");
    expect([text.code, text.stdout]).toEqual([0, expect.stringContaining("a look found nothing to do")]);
    expect(await drift()).toEqual([0, "no_drift", "look"]);
    expect(await drift({}, "--full")).toEqual([0, "no_drift", "engine"]);
    expect(await up("--full")).toEqual({ by: "engine", results: [["redis", "unchanged"]] });
    expect((await up()).by).toBe("look");
  });

  test("without --yes there is nothing to ask", async () => {
    const end = await laptop.dockmaster("up", "staging");
    // Without a terminal it wants --yes before anything, as ever.
    expect([end.code, end.stderr]).toEqual([2, expect.stringContaining("--yes")]);
  });

  test("what is kept is for its user alone, and holds no value of a secret", () => {
    const folder = join(cacheFolder(), "left");
    const files = readdirSync(folder).map((name) => join(folder, name));
    const newest = files.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0] ?? "";
    expect(statSync(newest).mode & 0o777).toBe(0o600);
    const text = readFileSync(newest, "utf8");
    for (const value of Object.entries(laptop.env).filter(([name]) => /KEY|PASSPHRASE/.test(name))) {
      expect(text).not.toContain(value[1]);
    }
  });

  test("a hand's change, another file and another variable need an engine", async () => {
    const id = await laptop.composeId("redis");
    laptop.emulator.control.edit(id, { env: "REDIS_ARGS=--by-hand" });
    expect(await drift()).toEqual([1, "drift", "engine"]);
    expect(await up()).toEqual({ by: "engine", results: [["redis", "changed"]] });
    expect((await up()).by).toBe("look");
    expect(await drift({ DOKPLOY_TIMEOUT: "20" })).toEqual([0, "no_drift", "engine"]);
    const file = join(laptop.checkout, "components", "redis", "compose.yaml");
    writeFileSync(file, `${readFileSync(file, "utf8")}\n# a comment\n`);
    // The state is the same, and a drift check asks no program.
    expect(await drift()).toEqual([0, "no_drift", "look"]);
    expect((await up()).by).toBe("engine");
    expect((await up()).by).toBe("look");
  });

  test("a state that was written since needs one", async () => {
    expect((await laptop.dockmaster("refresh", "staging", "--yes")).code).toBe(0);
    expect((await up()).by).toBe("engine");
    expect((await up()).by).toBe("look");
  });
});
