import { expect, test } from "vitest";
import * as provider from "../../../../components/vault/provider.ts";
import { secretsShim } from "../../../../components/vault/secrets.ts";

// State holds this text for every secret, and older state must go on working: what it calls must be there.
test("the text that state keeps of the provider does not change and calls what the provider has", async () => {
  const called = [...secretsShim.matchAll(/"(\w+Secrets)"/g)].map(([, name]) => name as string);
  expect(called).toHaveLength(5);
  for (const name of called) expect(provider).toHaveProperty(name, expect.any(Function));
  await expect(secretsShim).toMatchFileSnapshot("shim.txt");
});
