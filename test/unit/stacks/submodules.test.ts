import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { printProblem } from "../../../components/compose/problem.ts";
import { fromStackFile } from "../../../stacks/config/stack-file.ts";
import type { planStack } from "../../../stacks/plan.ts";
import { copyProgram } from "./refusals.ts";

const folder = mkdtempSync(join(tmpdir(), "dockmaster-submodules-"));
const root = join(folder, "platform");
const other = join(folder, "other");
const git = (at: string, ...words: string[]) =>
  execFileSync(
    "git",
    ["-C", at, "-c", "protocol.file.allow=always", "-c", "user.name=t", "-c", "user.email=t@example.org", ...words],
    { stdio: "pipe" },
  );
let program: { planStack: typeof planStack };

const compose = (file: string) =>
  [
    "services:",
    "  redis:",
    "    image: redis:8.2.3",
    "    healthcheck: {test: x, interval: 5s}",
    "    secrets: [redis_password]",
    "    volumes:",
    `      - ${file}:/etc/x:ro`,
    "      - data:/data",
    "volumes: {data: }",
    "secrets: {redis_password: {environment: REDIS_PASSWORD}}",
    "",
  ].join("\n");

beforeAll(async () => {
  mkdirSync(other);
  git(other, "init", "-q");
  writeFileSync(join(other, "x.conf"), "x = 1\n");
  git(other, "add", ".");
  git(other, "commit", "-qm", "x");
  copyProgram(root);
  git(root, "init", "-q");
  git(root, "submodule", "add", "-q", other, "components/redis/shared");
  program = await import(join(root, "stacks/plan.ts"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function problems(file: string): string[] {
  writeFileSync(join(root, "components/redis/compose.yaml"), compose(file));
  const text = "config:\n  platform:domain: example.org\n  platform:suffix: -staging\n  platform:services: [redis]\n";
  return program.planStack("staging", fromStackFile("staging", text).raw!, "k".repeat(40)).problems.map(printProblem);
}

const HIDDEN =
  "components/redis/compose.yaml:7:9  `./link.conf` lies in a Git submodule, which a release does not hold  (commit the file itself beside the compose file)";
const REFUSED =
  "components/redis/compose.yaml:7:9  `./shared/x.conf` lies in a Git submodule, which a release does not hold  (commit the file itself beside the compose file)";

it("a mounted file of a submodule is refused, where it was fetched and where it was not", () => {
  expect(problems("./shared/x.conf")).toEqual([REFUSED]);
  symlinkSync("shared/x.conf", join(root, "components/redis/link.conf"));
  expect(problems("./link.conf")).toEqual([HIDDEN]);
  git(root, "submodule", "deinit", "-f", "components/redis/shared");
  expect(problems("./shared/x.conf")).toEqual([REFUSED]);
});

it("so is one of a repository inside of the checkout; one beside it is not", () => {
  const inner = join(root, "components/redis/inner");
  mkdirSync(inner);
  git(inner, "init", "-q");
  writeFileSync(join(inner, "x.conf"), "x = 1\n");
  expect(problems("./inner/x.conf")[0]).toContain("lies in a Git submodule");
  writeFileSync(join(root, "components/redis/x.conf"), "x = 1\n");
  expect(problems("./x.conf")).toEqual([]);
});

it("a Git LFS pointer is refused with those words, a text that only tells of one is not", () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"4d".repeat(32)}\nsize 12345\n`;
  const put = (text: string) => writeFileSync(join(root, "components/redis/x.conf"), text);
  put(pointer);
  expect(problems("./x.conf")).toEqual([
    "components/redis/compose.yaml:7:9  `./x.conf` is a Git LFS pointer: its content is not in the checkout  (commit the file itself (`git lfs untrack` it and add it again), or put it into the image)",
  ]);
  put(pointer.replaceAll("\n", "\r\n"));
  expect(problems("./x.conf")[0]).toContain("is a Git LFS pointer");
  put(`# of a pointer:\n${pointer}`);
  expect(problems("./x.conf")).toEqual([]);
});
