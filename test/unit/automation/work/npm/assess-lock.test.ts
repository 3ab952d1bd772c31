import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assessLock, assessManifest } from "../../../../../automation/work/npm/assess-lock.ts";

const integrity = `sha512-${Buffer.alloc(64).toString("base64")}`;
const resolved = "https://npm.example.com/a/-/a-1.0.0.tgz";
const good = { version: "1.0.0", resolved, integrity };
const assess = (packages: Record<string, unknown>) => assessLock({ lockfileVersion: 3, packages });
const A = "node_modules/a";

test("this project's own lock and package.json are what may be installed", () => {
  const read = (name: string) => JSON.parse(readFileSync(`${import.meta.dirname}/../../../../../${name}`, "utf8"));
  const { lock, problems } = assessLock(read("package-lock.json"));
  expect(problems).toBeUndefined();
  expect(lock?.packages).toEqual(read("package-lock.json").packages);
  expect(assessManifest(read("package.json"))).toEqual([]);
});

test.each<[string, Record<string, unknown>]>([
  ["of a registry", good],
  ["without an address, in an exact version", { version: "1.0.0-beta.1", integrity }],
  ["with two checksums", { ...good, integrity: `sha1-${Buffer.alloc(20).toString("base64")} ${integrity}` }],
  ["on this machine", { ...good, resolved: "http://127.0.0.1:4873/a.tgz" }],
  ["on this machine by IPv6", { ...good, resolved: "http://[::1]:4873/a.tgz" }],
  ["under another name", { ...good, name: "@team/b" }],
  ["optional, for some systems", { ...good, optional: true, os: ["linux"], cpu: ["!arm"], libc: "glibc" }],
  ["of a release of a repository", { ...good, resolved: "https://github.com/u/r/releases/download/v1/a.tgz" }],
  ["of a registry of GitLab's", { ...good, resolved: "https://gitlab.com/api/v4/projects/1/packages/npm/a/-/a-1.tgz" }],
  ["that asks for ranges and tags", { ...good, dependencies: { b: ">=1 <2 || ^3.0.0-x.1 || *", c: "latest", d: "" } }],
  ["that asks under another name", { ...good, dependencies: { b: "npm:@team/c@~1.2", d: "npm:e" } }],
  ["that asks for a tarball", { ...good, peerDependencies: { b: "https://npm.example.com/b.tgz" } }],
])("an entry %s is accepted", (_, entry) => {
  expect(assess({ "": {}, [A]: entry })).toEqual({ lock: { lockfileVersion: 3, packages: { "": {}, [A]: entry } } });
});

describe("an entry is refused by its name", () => {
  test.each<[string, unknown, string]>([
    ["of git", { ...good, resolved: "git+ssh://git@github.com/u/r.git#0123456" }, "is git+ssh: and not https:"],
    ["of git by https", { ...good, resolved: "git+https://github.com/u/r.git" }, "is git+https: and not https:"],
    ["of git's own protocol", { ...good, resolved: "git://github.com/u/r.git" }, "is git: and not https:"],
    ["that npm has git fetch", { ...good, resolved: "https://github.com/u/r" }, "is a git repository"],
    [
      "of that, with a name as of a tarball",
      { ...good, resolved: "https://www.github.com/u/r.tgz" },
      "is a git repository",
    ],
    ["of a branch of that", { ...good, resolved: "https://github.com/u/r/tree/main" }, "is a git repository"],
    ["of another git host", { ...good, resolved: "https://gitlab.com/g/s/r.git" }, "is a git repository"],
    ["of Bitbucket", { ...good, resolved: "https://bitbucket.org/u/r/src/x.tgz" }, "is a git repository"],
    ["of a gist", { ...good, resolved: "https://gist.github.com/u/0123" }, "is a git repository"],
    ["of Sourcehut", { ...good, resolved: "https://git.sr.ht/~u/r" }, "is a git repository"],
    ["of a file", { ...good, resolved: "file:../../data/store.db" }, "is file: and not https:"],
    ["of a folder", { ...good, resolved: "../../data" }, "is no address"],
    ["without TLS", { ...good, resolved: "http://npm.example.com/a.tgz" }, "is http: and not https:"],
    ["that looks local", { ...good, resolved: "http://127.0.0.1.evil.example/a.tgz" }, "is http: and not https:"],
    [
      "of another host than it seems",
      { ...good, resolved: "http://127.0.0.1@evil.example/" },
      "has a password in its address",
    ],
    [
      "with a password",
      { ...good, resolved: "https://me:canary@npm.example.com/a.tgz" },
      "has a password in its address",
    ],
    ["that parsers disagree on", { ...good, resolved: "https:\\\\evil.example/a.tgz" }, "is no address"],
    ["with a tab in its address", { ...good, resolved: "https://npm.exa\tmple.com/a.tgz" }, "is no address"],
    ["in capitals", { ...good, resolved: "FILE:///data/store.db" }, "is file: and not https:"],
    ["without a checksum", { version: "1.0.0", resolved }, "has no `integrity`"],
    ["with an empty one", { ...good, integrity: "" }, "has no `integrity`"],
    ["with one that is a list", { ...good, integrity: [integrity] }, "has an `integrity` that is none"],
    [
      "with a weak one",
      { ...good, integrity: `sha1-${Buffer.alloc(20).toString("base64")}` },
      "has no `integrity` of sha256 or more",
    ],
    ["with one that npm skips", { ...good, integrity: "sha999-AAAA" }, "has no `integrity` of sha256 or more"],
    ["with a short one", { ...good, integrity: "sha512-AAAA" }, "has no `integrity` of sha256 or more"],
    ["without a source", { integrity }, "has neither an address (`resolved`) nor an exact version"],
    [
      "with a version of git",
      { version: "git+ssh://git@x/y", integrity },
      "has neither an address (`resolved`) nor an exact version",
    ],
    [
      "with a version of a file",
      { version: "file:../x", integrity },
      "has neither an address (`resolved`) nor an exact version",
    ],
    [
      "with an address that is a word",
      { ...good, resolved: true },
      "has neither an address (`resolved`) nor an exact version",
    ],
    ["that is a link", { resolved: "../../data", link: true }, "is a link to a folder"],
    ["with a lock of its own", { ...good, hasShrinkwrap: true }, "brings a lock of its own (npm-shrinkwrap.json)"],
    [
      "that is said to be bundled",
      { version: "1.0.0", inBundle: true },
      "is said to be bundled, and no package above it bundles any",
    ],
    ["under no name", { ...good, name: "../x" }, "has a name that is none"],
    ["that asks for git", { ...good, dependencies: { b: "u/r" } }, "asks for b, which is no package of a registry"],
    [
      "that plugs into git",
      { ...good, peerDependencies: { b: "github:u/r" } },
      "asks for b, which is no package of a registry",
    ],
    [
      "that would like git",
      { ...good, optionalDependencies: { b: "git@x.y:z" } },
      "asks for b, which is no package of a registry",
    ],
    [
      "that asks for a repository",
      { ...good, dependencies: { b: "https://github.com/u/r" } },
      "asks for b, which is a git repository",
    ],
    [
      "that asks for a tarball beside it",
      { ...good, dependencies: { b: "b.tgz" } },
      "asks for b, which is no package of a registry",
    ],
    ["that asks for a folder", { ...good, dependencies: { b: "." } }, "asks for b, which is no package of a registry"],
    [
      "that asks for git under another name",
      { ...good, dependencies: { b: "npm:c@u/r" } },
      "asks for b, which is no package of a registry",
    ],
    ["that asks for a number", { ...good, dependencies: { b: 1 } }, "asks for b, which is no text"],
    ["that asks by a list", { ...good, dependencies: ["b"] }, "has `dependencies` that are no map"],
    ["that asks for no name", { ...good, dependencies: { "../b": "1" } }, "has a name in `dependencies` that is none"],
    ["that is nothing", null, "is no object"],
  ])("%s", (_, entry, reason) => {
    expect(assess({ [A]: entry })).toEqual({ problems: [`node_modules/a ${reason}`] });
  });

  test.each([
    "packages/a",
    "../a",
    "/data/a",
    "node_modules/../../data",
    "node_modules/a/../../../data",
    "node_modules/.bin",
    "node_modules/node_modules/a",
    "node_modules/a/lib/node_modules/b",
    "node_modules/a/",
    "node_modules/@team",
  ])("for the place %s", (place) => {
    expect(assess({ [place]: good })).toEqual({ problems: [`${place} is not below node_modules`] });
  });

  test("in one line, whatever the name", () => {
    const problems = assess({ "a\n\u001b[31m": good }).problems;
    expect(problems).toEqual(['"a\\n\\u001b[31m" is not below node_modules']);
  });
});

test("what a package bundles comes in its tarball", () => {
  const bundled = { version: "1.0.0", inBundle: true };
  const packages = { [A]: { ...good, bundleDependencies: ["b"] }, [`${A}/node_modules/b`]: bundled };
  expect(assess(packages).problems).toBeUndefined();
  expect(assess({ ...packages, [A]: good }).problems).toHaveLength(1);
});

test("what npm would read besides does not come to it", () => {
  const hidden = {
    _resolved: "git+ssh://git@x/y",
    _hasShrinkwrap: true,
    _integrity: "x",
    scripts: { install: "evil" },
  };
  const { lock } = assess({ "": { scripts: {} }, [A]: { ...good, ...hidden } });
  expect(lock?.packages).toEqual({ "": {}, [A]: good });
});

test.each<[string, unknown]>([
  ["a list", []],
  ["nothing", null],
  ["one of npm 6", { lockfileVersion: 1, dependencies: {} }],
  ["one of nobody yet", { lockfileVersion: 4, packages: {} }],
  ["one with a version that is text", { lockfileVersion: "3", packages: {} }],
  ["one without packages", { lockfileVersion: 3, dependencies: {} }],
  ["one with workspaces", { lockfileVersion: 3, packages: { "": { workspaces: ["a"] } } }],
])("%s is no lock", (_, lock) => {
  expect(assessLock(lock).problems).toHaveLength(1);
});

test.each<[string, unknown]>([
  ["a list", []],
  ["git", { dependencies: { a: "git+ssh://git@x/y.git" } }],
  ["a folder", { devDependencies: { a: "file:../a" } }],
  ["a link", { optionalDependencies: { a: "link:../a" } }],
  ["a workspace", { peerDependencies: { a: "workspace:*" } }],
  ["git far down", { overrides: { a: { b: { ".": "1", c: "u/r" } } } }],
  ["overrides by a word", { overrides: "u/r" }],
])("a package.json that asks for %s is refused", (_, manifest) => {
  expect(assessManifest(manifest)).toHaveLength(1);
});

test("overrides by versions, and by what is there already, are accepted", () => {
  expect(assessManifest({ overrides: { a: "1", b: { c: "$c", ".": "npm:d@2" } }, workspaces: ["x"] })).toEqual([]);
});

test("whatever is accepted has a checksum and an address that is none of git's", () => {
  const part = fc.constantFrom(
    ..."git+ssh:// https:// http:// github.com 127.0.0.1 / u r .git .tgz @ : \\ file: tree -".split(" "),
  );
  const text = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(""));
  const entry = fc.record(
    {
      version: fc.oneof(text, fc.constant("1.0.0")),
      resolved: text,
      integrity: fc.constantFrom(integrity, "sha1-x", ""),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(entry, (given) => {
      const entry = assess({ [A]: given }).lock?.packages[A];
      if (!entry) return;
      expect(entry.integrity).toBe(integrity);
      if (entry.resolved === undefined) expect(entry.version).toBe("1.0.0");
      else expect(entry.resolved).toMatch(/^(?:https:\/\/[^@\\/]+|http:\/\/127\.0\.0\.1(?::\d*)?)(?:\/[^\\]*)?$/);
    }),
    { numRuns: 2000 },
  );
});
