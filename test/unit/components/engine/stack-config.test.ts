import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { configOfNow } from "../../../../components/engine/stack-config.ts";

const OLD = { get: (key: string) => `${key} of the last update` };

const ENV = { PULUMI_PROJECT: "platform" };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "stack-config-"));
  writeFileSync(join(root, "Pulumi.yaml"), "name: platform\n");
});
afterEach(() => rmSync(root, { recursive: true }));

const write = (text: string) => writeFileSync(join(root, "Pulumi.staging.yaml"), text);

test("what the stack's file says now counts, also where it says nothing any more", async () => {
  write("config:\n  dokploy:url: https://new.example.org\n  platform:vault: {approle: machines}\n");
  const config = await configOfNow(OLD, "staging", { env: ENV, root });
  expect(config?.get("dokploy:url")).toBe("https://new.example.org");
  expect(config?.get("platform:vault")).toBe('{"approle":"machines"}');
  expect(config?.get("dokploy:alsoAt")).toBeUndefined();
});

test.each<[string, string | undefined, string | undefined]>([
  ["there is no file", "elsewhere", undefined],
  ["the stack is not known", undefined, undefined],
  ["its name could be a path", "../staging", undefined],
  ["the file is no YAML", "staging", "config: [\n"],
  ["the file says nothing of servers", "staging", "config:\n  platform:domain: example.org\n"],
  ["its secrets cannot be decrypted", "staging", "config:\n  dokploy:apiKey: {secure: v1:none}\n"],
])("the last update's counts where %s", async (_name, stack, text) => {
  if (text !== undefined) write(text);
  expect(await configOfNow(OLD, stack, { env: ENV, root })).toBe(OLD);
});

test("nothing is read where the environment holds all there is", async () => {
  write("config:\n  dokploy:url: https://new.example.org\n");
  expect(await configOfNow(OLD, "staging", { env: { ...ENV, DOCKMASTER_SETTINGS: "environment" }, root })).toBe(OLD);
});

test("nothing is read that belongs to another program", async () => {
  write("config:\n  dokploy:url: https://new.example.org\n");
  expect(await configOfNow(OLD, "staging", { env: { PULUMI_PROJECT: "another" }, root })).toBe(OLD);
  expect(await configOfNow(OLD, "staging", { env: {}, root })).toBe(OLD);
});
