import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Lock } from "../../../../../automation/work/npm/assess-lock.ts";
import { expectedPackages, findMissing, readPlatform } from "../../../../../automation/work/npm/installed.ts";

const here = { os: "linux", cpu: "x64", libc: "glibc" };
const at = (name: string) => `node_modules/${name}`;

test.each<[string, Lock["packages"], string[]]>([
  ["a project that needs nothing has nothing", { "": {}, [at("a")]: {} }, []],
  [
    "what is needed, and what that needs",
    { "": { dependencies: { a: "1" } }, [at("a")]: { dependencies: { b: "1" } }, [at("b")]: {} },
    [at("a"), at("b")],
  ],
  ["not what development needs", { "": { devDependencies: { a: "1" } }, [at("a")]: { dev: true } }, []],
  [
    "the nearest of two",
    {
      "": { dependencies: { a: "1" } },
      [at("a")]: { dependencies: { b: "1" } },
      [at("b")]: {},
      [`${at("a")}/node_modules/b`]: {},
    },
    [at("a"), `${at("a")}/node_modules/b`],
  ],
  [
    "what it is plugged into",
    { "": { dependencies: { a: "1" } }, [at("a")]: { peerDependencies: { b: "1" } }, [at("b")]: {} },
    [at("a"), at("b")],
  ],
  [
    "not what it may be plugged into",
    {
      "": { dependencies: { a: "1" } },
      [at("a")]: { peerDependencies: { b: "1" }, peerDependenciesMeta: { b: { optional: true } } },
      [at("b")]: {},
    },
    [at("a")],
  ],
  [
    "what is optional and runs here",
    {
      "": { optionalDependencies: { a: "1" } },
      [at("a")]: { os: ["linux", "darwin"], cpu: ["!arm64"], libc: ["glibc"] },
    },
    [at("a")],
  ],
  [
    "not what is optional and runs elsewhere",
    {
      "": { optionalDependencies: { a: "1", b: "1", c: "1" } },
      [at("a")]: { os: ["darwin"] },
      [at("b")]: { cpu: "!x64" },
      [at("c")]: { libc: ["musl"] },
    },
    [],
  ],
  [
    "not what is optional and needs what runs elsewhere",
    {
      "": { optionalDependencies: { a: "1" } },
      [at("a")]: { dependencies: { b: "1" } },
      [at("b")]: { dependencies: { a: "1", c: "1" } },
      [at("c")]: { os: ["win32"] },
    },
    [],
  ],
  [
    "a circle",
    {
      "": { dependencies: { a: "1" } },
      [at("a")]: { dependencies: { b: "1" } },
      [at("b")]: { dependencies: { a: "1" } },
    },
    [at("a"), at("b")],
  ],
])("is expected: %s", (_, packages, expected) => {
  expect(expectedPackages(packages, here)).toEqual(expected);
});

test("this platform has names that packages use", () => {
  expect(readPlatform()).toMatchObject({ os: process.platform, cpu: process.arch });
});

let modules: string;
beforeEach(() => {
  modules = mkdtempSync(join(tmpdir(), "installed-"));
});
afterEach(() => rmSync(modules, { recursive: true }));

const integrity = "sha512-a";
const packages = {
  "": { dependencies: { a: "1", c: "1" } },
  [at("a")]: { version: "1.0.0", integrity, dependencies: { b: "1" }, bundleDependencies: ["b"] },
  [`${at("a")}/node_modules/b`]: { version: "2.0.0", inBundle: true },
  [at("c")]: { name: "@team/c", version: "3.0.0", integrity },
} satisfies Lock["packages"];

function put(path: string, content: unknown) {
  mkdirSync(dirname(join(modules, path)), { recursive: true });
  writeFileSync(join(modules, path), JSON.stringify(content));
}

function installAll() {
  put(".package-lock.json", { packages });
  put("a/package.json", { name: "a", version: "v1.0.0" });
  put("a/node_modules/b/package.json", { name: "b", version: "2.0.0" });
  put("c/package.json", { name: "@team/c", version: "3.0.0" });
}

test("all that is there in its version lacks nothing", async () => {
  installAll();
  expect(await findMissing(modules, packages, here)).toEqual([]);
});

const C = packages["node_modules/c"];
test.each<[string, () => void, string]>([
  ["a folder", () => rmSync(join(modules, "c"), { recursive: true }), at("c")],
  ["a package.json", () => rmSync(join(modules, "a/package.json")), at("a")],
  ["what is bundled", () => rmSync(join(modules, "a/node_modules"), { recursive: true }), `${at("a")}/node_modules/b`],
  ["its version", () => put("c/package.json", { name: "@team/c", version: "3.0.1" }), at("c")],
  ["its name", () => put("c/package.json", { name: "c", version: "3.0.0" }), at("c")],
  ["a whole package.json", () => writeFileSync(join(modules, "c/package.json"), '{"name": "@tea'), at("c")],
  ["npm's word for it", () => put(".package-lock.json", { packages: { ...packages, [at("c")]: undefined } }), at("c")],
  [
    "its checksum",
    () => put(".package-lock.json", { packages: { ...packages, [at("c")]: { ...C, integrity: "x" } } }),
    at("c"),
  ],
  [
    "the tarball that it was to come in",
    () =>
      put(".package-lock.json", {
        packages: { ...packages, [`${at("a")}/node_modules/b`]: { version: "2.0.0", resolved: "https://x" } },
      }),
    `${at("a")}/node_modules/b`,
  ],
])("is missed: %s", async (_, change, missing) => {
  installAll();
  change();
  expect(await findMissing(modules, packages, here)).toEqual([missing]);
});

test("nothing at all, and no word of npm's, is everything missed", async () => {
  expect(await findMissing(modules, packages, here)).toHaveLength(3);
  installAll();
  rmSync(join(modules, ".package-lock.json"));
  expect(await findMissing(modules, packages, here)).toHaveLength(3);
});
