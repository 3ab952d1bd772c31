import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { findFloating } from "../../tools/lint/base-images.mjs";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const DIGEST = `sha256:${"a1".repeat(32)}`;

describe("an image without a digest is refused", () => {
  test.each([
    "FROM node:24",
    "FROM node",
    "from node:24 as base",
    "FROM --platform=$BUILDPLATFORM golang:1.26 AS build",
    "FROM node:24@sha256:1234",
    "FROM node:24@sha512:abc",
    `ARG IMAGE=node:24\nFROM \${IMAGE}`,
    "FROM $UNKNOWN",
    "COPY --from=busybox:1 /bin/sh /bin/sh",
    "COPY --chown=1:1 --from=busybox /bin/sh /bin/sh",
    "RUN --mount=type=bind,from=busybox,target=/x ls",
    "FROM \\\n  node:24",
    "# syntax=docker/dockerfile:1",
  ])("%j", (text) => expect(findFloating(text)).toHaveLength(1));

  test.each([
    `FROM node:24@${DIGEST} AS base\nFROM base AS other\nFROM other\nCOPY --from=Base /a /a\nCOPY --from=0 /a /a`,
    `ARG IMAGE=node:24@${DIGEST}\nFROM \${IMAGE}`,
    "FROM scratch",
    "# FROM node\nRUN echo FROM node",
    `# syntax=docker/dockerfile:1@${DIGEST}`,
  ])("but not %j", (text) => expect(findFloating(text)).toEqual([]));

  test("and the repository has none", () => {
    expect(findFloating(readFileSync(join(ROOT, "Dockerfile"), "utf8"))).toEqual([]);
  });
});

describe("updates", () => {
  const { updates } = parse(readFileSync(join(ROOT, ".github/dependabot.yml"), "utf8")) as {
    updates: { "package-ecosystem": string; directory?: string; directories?: string[] }[];
  };
  const covers = (ecosystem: string, folder: string) =>
    updates
      .filter((update) => update["package-ecosystem"] === ecosystem)
      .flatMap(({ directory, directories = [] }) => [...(directory ? [directory] : []), ...directories])
      .some((pattern) => new RegExp(`^${pattern.replaceAll("*", "[^/]+")}$`).test(folder));

  /** Which files name something that is pinned, and who looks for its updates. */
  const KINDS: [ecosystem: string, file: RegExp][] = [
    ["npm", /(^|\/)package-lock\.json$/],
    ["docker", /(^|\/)Dockerfile$/],
    ["docker-compose", /(^|\/)compose\.yaml$/],
    ["gomod", /(^|\/)go\.mod$/],
    ["pip", /(^|\/)(requirements|zizmor)\.txt$/],
  ];

  test.each(KINDS)("of %s are looked for wherever something is pinned", (ecosystem, file) => {
    const files = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" }).split("\0");
    const found = files.filter((path) => file.test(path) && !path.startsWith("test/fixtures/"));
    expect(found.length).toBeGreaterThan(0);
    const folders = found.map((path) => `/${dirname(path)}`.replace(/^\/\.$/, "/"));
    expect(folders.filter((folder) => !covers(ecosystem, folder))).toEqual([]);
  });

  test("of actions too", () => expect(covers("github-actions", "/")).toBe(true));
});
