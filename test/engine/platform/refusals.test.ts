import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BROKEN_CONFIG, breakProgram, REFUSALS } from "../../unit/stacks/refusals.ts";
import { openPlatform, type Platform } from "./platform.ts";

describe("a program full of mistakes", { timeout: 120_000 }, () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await openPlatform();
    breakProgram(platform.folder);
    platform.config("staging", BROKEN_CONFIG);
  });
  afterAll(() => platform?.close());

  test.each(["preview", "up"] as const)(
    "is refused by `%s` with every place and hint at once, before anything is touched",
    async (command) => {
      const { ok, text, changes } = await platform[command]("staging");
      expect(ok).toBe(false);
      for (const refusal of REFUSALS) expect(text).toContain(refusal);
      expect(text).toContain(`${REFUSALS.length} problems in stack staging; nothing was changed:`);
      expect(Object.keys(changes).filter((name) => !name.startsWith("Stack "))).toEqual([]);
      expect(platform.emulator.control.statistics().requests).toBe(0);
      const { resources = [] } = JSON.parse(await platform.state("staging")).deployment;
      expect(resources.filter(({ type }: { type: string }) => type !== "pulumi:pulumi:Stack")).toEqual([]);
    },
  );
});
