import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as provider from "../../../../components/dokploy/provider.ts";
import { shims } from "../../../../components/dokploy/resources.ts";
import { openProvider } from "../shims.ts";

// State holds this text for every resource, and older state must go on working: what a text of the past calls must be there.

const WRITTEN_BY = ["shims", "shims-of-sdk-3.259"];
const text = (folder: string, name: string) =>
  readFileSync(new URL(`../../../fixtures/provider/${folder}/${name}.txt`, import.meta.url), "utf8");

describe("the text that state keeps of the provider", () => {
  it.each(["environment", "compose"] as const)("does not change: %s", async (name) => {
    await expect(shims[name]).toMatchFileSnapshot(`../../../fixtures/provider/shims/${name}.txt`);
  });

  it.each(WRITTEN_BY)("calls only what the provider has, also as it was written earlier: %s", (folder) => {
    for (const name of ["environment", "compose"]) {
      const called = [
        ...text(folder, name).matchAll(/\b(?:check|diff|create|read|update|delete)(?:Environment|Compose)\b/g),
      ];
      expect(called.length, `${folder}/${name}`).toBeGreaterThanOrEqual(5);
      for (const [fn] of called) expect(provider).toHaveProperty(fn, expect.any(Function));
    }
  });

  it("hands the config and all parameters to the provider's functions", async () => {
    const shim = openProvider(shims.environment);
    shim.configure({ config: undefined });
    const news = { project: "platform", name: "staging", owner: { project: "p", stack: "staging", keyId: "0" } };
    const olds = { ...news, bound: { project: "platform", name: "staging" }, schemaVersion: 1 };
    await expect(shim.diff("id", olds, news)).resolves.toEqual({ changes: false });
    const owner = { ...news.owner, stack: "production" };
    await expect(shim.diff("id", olds, { ...news, owner })).resolves.toEqual({ changes: true });
  });
});
