import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { secretsShim } from "../../../../components/vault/secrets.ts";

// State holds this text for every secret, and older state must go on working: it may only grow, and never change what is there.
test("the text that state keeps of the provider does not change and captures nothing", async () => {
  const { text, containsSecrets } = await pulumi.runtime.serializeFunction(() => secretsShim);
  expect(containsSecrets).toBe(false);
  expect(text).not.toContain("require(");
  expect([...text.matchAll(/import\("([^"]+)"\)/g)].map(([, name]) => name)).toEqual(Array(5).fill("#vault"));
  await expect(text).toMatchFileSnapshot("shim.txt");
});
