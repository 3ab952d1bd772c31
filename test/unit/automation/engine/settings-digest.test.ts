import { expect, test } from "vitest";
import { digestSettings } from "../../../../automation/engine/settings-digest.ts";

const env = { PLATFORM_KEY: "k".repeat(40), DOKPLOY_URL: "https://dokploy.example.org", DOKPLOY_API_KEY: "secret" };
const versions = { engine: "1", node: "v24", runner: "1.0.0" };
const digest = digestSettings(env, versions);

test("equal settings have equal digests, in whatever order, and no value is in them", () => {
  const turned = Object.fromEntries(Object.entries(env).reverse());
  expect(digestSettings({ ...turned, VAULT_ADDR: undefined }, { ...versions })).toBe(digest);
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
});

test.each<[string, object, object]>([
  ["another key of Dokploy", { DOKPLOY_API_KEY: "other" }, {}],
  ["another key of the platform", { PLATFORM_KEY: "l".repeat(40) }, {}],
  ["a setting more", { DOKPLOY_TIMEOUT: "10" }, {}],
  ["another runner", {}, { runner: "1.0.1" }],
  ["another engine", {}, { engine: "2" }],
  ["another Node", {}, { node: "v26" }],
])("%s makes another one", (_, more, other) => {
  expect(digestSettings({ ...env, ...more }, { ...versions, ...other })).not.toBe(digest);
});

test("without the platform's key there is none", () => {
  expect(digestSettings({ ...env, PLATFORM_KEY: undefined }, versions)).toBeUndefined();
});
