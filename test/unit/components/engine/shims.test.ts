import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as dokploy from "../../../../components/dokploy/provider.ts";
import { shims } from "../../../../components/dokploy/resources.ts";
import * as vault from "../../../../components/vault/provider.ts";
import { secretsShim } from "../../../../components/vault/secrets.ts";
import { openProvider } from "./shims.ts";

// State holds this text for every resource, and older state must go on working: what a text of the past calls must be there.

const FOLDER = new URL("../../../fixtures/provider/", import.meta.url);
const now = { ...shims, secrets: secretsShim };
const written = readdirSync(FOLDER).flatMap((folder) =>
  folder.startsWith("shims") ? readdirSync(new URL(folder, FOLDER)).map((file) => `${folder}/${file}`) : [],
);

describe("the text that state keeps of a provider", () => {
  it.each(["environment", "compose", "secrets"] as const)("does not change: %s", async (name) => {
    await expect(now[name]).toMatchFileSnapshot(`../../../fixtures/provider/shims/${name}.txt`);
  });

  it.each(written)("calls only what the provider has, with config and parameters: %s", async (file) => {
    const text = readFileSync(new URL(file, FOLDER), "utf8");
    const calls: [module: string, name: string, parameters: unknown[]][] = [];
    const modules = (module: string) => {
      const functions = { get: (_: object, name: string) => record(module, name) };
      // A promise looks whether what it resolves to is one.
      const record = (module: string, name: string) =>
        name === "then" ? undefined : (...parameters: unknown[]) => calls.push([module, name, parameters]);
      return Promise.resolve(new Proxy({}, functions));
    };
    const shim = openProvider(text, modules);
    const methods = Object.keys(shim).filter((method) => method !== "configure");
    shim.configure({ config: "the config" });
    for (const method of methods) await (shim as unknown as Record<string, Call>)[method]?.("first", "second");

    expect(methods.length).toBeGreaterThanOrEqual(5);
    expect(calls.map(([, name]) => name.replace(/[A-Z]\w+/, ""))).toEqual(methods);
    for (const [module, name, parameters] of calls) {
      expect(module === "#dokploy" ? dokploy : vault).toHaveProperty(name, expect.any(Function));
      expect(parameters.slice(0, 2)).toEqual(["the config", "first"]);
    }
  });

  it("reaches the provider", async () => {
    const shim = openProvider(shims.environment);
    shim.configure({ config: undefined });
    const news = { project: "platform", name: "staging", owner: { project: "p", stack: "staging", keyId: "0" } };
    const olds = { ...news, bound: { project: "platform", name: "staging" }, schemaVersion: 1 };
    await expect(shim.diff("id", olds, news)).resolves.toEqual({ changes: false });
    const owner = { ...news.owner, stack: "production" };
    await expect(shim.diff("id", olds, { ...news, owner })).resolves.toEqual({ changes: true });
  });
});

type Call = (...parameters: unknown[]) => Promise<unknown>;
