import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Comparing, compareData } from "../../../../automation/confirm/changed-data.ts";

let folder: string;
let on: Comparing;
const git = (...words: string[]) =>
  execFileSync("git", ["-c", "user.name=ada", "-c", "user.email=ada@example.org", ...words], {
    ...{ cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  }).trim();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dockmaster-changed-"));
  git("init", "--quiet");
  on = {
    mirror: {
      git: async (words) => git(...words),
      readText: async (commit, path) => {
        try {
          return git("show", `${commit}:${path}`);
        } catch {
          return undefined;
        }
      },
    },
    catalogue: {
      services: async (commit) => [
        ...new Set(
          git("ls-tree", "-r", "--name-only", commit)
            .split("\n")
            .flatMap((path) => /^components\/(.*)\/compose/.exec(path)?.[1] ?? []),
        ),
      ],
    },
  };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A commit of exactly these files. */
const commit = (files: Record<string, string>) => {
  git("rm", "-rq", "--ignore-unmatch", ".");
  for (const [path, text] of Object.entries({ "Pulumi.staging.yaml": "config: {}", ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  git("add", "-A");
  git("commit", "--quiet", "--allow-empty", "-m", "one");
  return git("rev-parse", "HEAD");
};
const service = (name: string, image: string, volumes: string[] = []) => ({
  [`components/${name}/compose.yaml`]: JSON.stringify({ services: { [name]: { image, volumes } } }),
  [`components/${name}/index.ts`]: "export {};\n",
});
const compare = (from: string, to: string, safe: string[] = []) =>
  compareData(on, "staging", { from, to, safe: new Set(safe) });
const DATA = ["/srv/data:/data"];

test("a service with data that has another name than before may be the same data under another image", async () => {
  const to = commit(service("redis", "redis:7", DATA));
  const from = commit(service("cache", "redis:8", DATA));
  expect(await compare(from, to)).toEqual(["cache"]);
  expect(await compare(from, to, ["cache"])).toEqual([]);
});

test.each<[string, Record<string, string>, Record<string, string>]>([
  [
    "that is new",
    { ...service("redis", "redis:7", DATA), ...service("web", "web:1", DATA) },
    service("redis", "redis:7", DATA),
  ],
  ["without data that has another name", service("web", "web:2"), service("site", "web:1")],
])("a service %s changed nobody's data", async (_, from, to) => {
  expect(await compare(commit(from), commit(to))).toEqual([]);
});

test("an image that a variable fills from elsewhere than its service may be another one", async () => {
  const files = {
    ...service("db", "postgres:$" + "{VERSION}", DATA),
    "components/versions.ts": "export const VERSION = 16;",
  };
  const to = commit(files);
  const same = commit({ ...files, "docs/a.md": "a" });
  const from = commit({ ...files, "components/versions.ts": "export const VERSION = 17;" });
  expect(await compare(same, to)).toEqual([]);
  expect(await compare(from, to)).toEqual(["db"]);
});
