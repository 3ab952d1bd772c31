import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { shims } from "../../../../components/dokploy/resources.ts";

// State holds this text for every resource, and older state must go on working: it may only grow, and never change what is there.

describe("the text that state keeps of the provider", () => {
  it.each(["environment", "compose"] as const)("does not change: %s", async (name) => {
    const { text } = await pulumi.runtime.serializeFunction(() => shims[name]);
    await expect(text).toMatchFileSnapshot(`../../../fixtures/provider/shims/${name}.txt`);
  });

  it("captures nothing but itself", async () => {
    const { text, containsSecrets } = await pulumi.runtime.serializeFunction(() => shims.compose);
    expect(containsSecrets).toBe(false);
    expect(text.match(/import\("([^"]+)"\)/g)?.every((found) => found === 'import("#dokploy")')).toBe(true);
    expect(text).not.toContain("require(");
  });
});
