import { execFile } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { npmEnvironment } from "../../../../automation/config.ts";
import { DependenciesError, linkDependencies } from "../../../../automation/work/dependencies.ts";
import { runProgram } from "../../../../tools/run-program.mjs";

const folder = mkdtempSync(join(tmpdir(), "dockmaster-hostile-"));
const dataDir = join(folder, "data");
const runnerFolder = join(folder, "runner");
const good = join(folder, "good");
const env = npmEnvironment({ PATH: process.env.PATH, HOME: folder });
// Of no file, so that npm's cache has none either.
const integrity = `sha512-${Buffer.alloc(64).toString("base64")}`;
const paths: string[] = [];

// Serves two packages, and nothing called `gone`.
const registry = createServer((request, response) => {
  paths.push(request.url ?? "");
  const file = join(folder, request.url ?? "");
  if (/gone/.test(file) || !existsSync(file)) response.writeHead(404).end();
  else response.end(readFileSync(file));
});
let address: string;
let release: string;

beforeAll(async () => {
  mkdirSync(runnerFolder);
  writeFileSync(join(runnerFolder, "package-lock.json"), '{"runner":true}');
  const npm = (cwd: string, ...words: string[]) => promisify(execFile)("npm", [...words, "--silent"], { cwd });
  for (const name of ["tool", "other"]) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "package.json"), JSON.stringify({ name, version: "1.0.0" }));
    await npm(join(folder, name), "pack", "--ignore-scripts", "--pack-destination", folder);
  }
  await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
  mkdirSync(good);
  const dependencies = { tool: `${address}/tool-1.0.0.tgz`, other: `${address}/other-1.0.0.tgz` };
  writeFileSync(join(good, "package.json"), JSON.stringify({ name: "release", version: "1.0.0", dependencies }));
  await npm(good, "install", "--package-lock-only", "--ignore-scripts");
}, 60_000);
afterAll(() => {
  registry.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  release = mkdtempSync(join(folder, "release-"));
  cpSync(good, release, { recursive: true });
  rmSync(dataDir, { recursive: true, force: true });
});

/** This process's own user, with another way to run npm. */
const ownerWith = (run: typeof runProgram) => ({
  run,
  give: async () => {},
  remove: async (path: string) => rmSync(path, { recursive: true, force: true }),
});
const link = (worktree = release, more = {}) =>
  linkDependencies(worktree, { folder: join(dataDir, "dependencies"), runnerFolder, env, ...more });
const modules = (worktree = release) => readlinkSync(join(worktree, "node_modules"));
const has = (name: string, worktree = release) => existsSync(join(worktree, "node_modules", name, "package.json"));
const write = (file: string, content: string) => writeFileSync(join(release, file), content);
const read = (file: string) => JSON.parse(readFileSync(join(release, file), "utf8"));
const change = (file: string, to: (content: ReturnType<typeof read>) => void) => {
  const content = read(file);
  to(content);
  write(file, JSON.stringify(content));
};

test("a setting that installs nothing is not used, and is named", async () => {
  write(".npmrc", `dry-run=true\nprefix=${folder}/elsewhere\nomit[]=optional\n`);
  expect(await link()).toEqual({ ignored: ["dry-run", "prefix", "omit[]"] });
  expect([has("tool"), has("other")]).toEqual([true, true]);
  expect(existsSync(join(folder, "elsewhere"))).toBe(false);
}, 60_000);

test("a setting of the runner's own user that installs nothing is not used", async () => {
  write(".user", "dry-run=true\nworkspaces=true\n");
  await link(release, { env: { ...env, npm_config_userconfig: join(release, ".user") } });
  expect(has("tool")).toBe(true);
}, 60_000);

test("what npm leaves out fails the release and is not kept", async () => {
  const optional = { tool: `${address}/gone.tgz` };
  change("package-lock.json", ({ packages }) => {
    packages[""].optionalDependencies = optional;
    delete packages[""].dependencies.tool;
    Object.assign(packages["node_modules/tool"], { optional: true, resolved: optional.tool, integrity });
  });
  change("package.json", (manifest) => {
    manifest.optionalDependencies = optional;
    delete manifest.dependencies.tool;
  });
  await expect(link()).rejects.toThrow("left out node_modules/tool");
  expect(readdirSync(join(dataDir, "dependencies"))).toEqual([]);
}, 60_000);

/** A program that leaves a trace. */
function traced(): string {
  const program = join(release, "evil.sh");
  writeFileSync(program, `#!/bin/sh\necho "$@" >> ${folder}/ran\nexit 1\n`);
  chmodSync(program, 0o755);
  return program;
}

test("no program of a release is run, whichever way it is named", async () => {
  write(
    ".npmrc",
    `git=${traced()}\nscript-shell=${traced()}\nignore-scripts=false\nnode-options=--require ./evil.js\n`,
  );
  const source = `git+ssh://git@127.0.0.1/evil.git#${"a".repeat(40)}`;
  const ways: ((content: { lock: ReturnType<typeof read>; manifest: ReturnType<typeof read> }) => void)[] = [
    ({ lock }) => {
      lock.packages["node_modules/tool"].resolved = source;
    },
    ({ manifest }) => {
      manifest.dependencies.tool = source;
    },
    ({ lock }) => {
      lock.packages["node_modules/tool"].dependencies = { evil: source };
    },
    ({ manifest }) => {
      manifest.overrides = { tool: source };
    },
    ({ lock }) => {
      delete lock.packages["node_modules/tool"].resolved;
      lock.packages["node_modules/tool"].version = source;
    },
  ];
  for (const way of ways) {
    cpSync(good, release, { recursive: true });
    const content = { lock: read("package-lock.json"), manifest: read("package.json") };
    way(content);
    write("package-lock.json", JSON.stringify(content.lock));
    write("package.json", JSON.stringify(content.manifest));
    const failed = await link().catch((error: Error) => error);
    expect(failed).toBeInstanceOf(DependenciesError);
    expect(String(failed)).toContain("tool");
  }
  expect(existsSync(join(folder, "ran"))).toBe(false);
}, 60_000);

test("git is not run for what a registry says either", async () => {
  const npmrc = join(release, ".user");
  writeFileSync(npmrc, `git=${traced()}\nregistry=${address}/\n`);
  // Not in the lock, so that npm asks the registry what it needs.
  const versions = {
    "1.0.0": { name: "new", version: "1.0.0", dependencies: { evil: "git+ssh://git@127.0.0.1/x.git" } },
  };
  writeFileSync(join(folder, "new"), JSON.stringify({ name: "new", "dist-tags": { latest: "1.0.0" }, versions }));
  change("package.json", (manifest) => {
    manifest.dependencies.new = "1.0.0";
  });
  await expect(link(release, { env: { ...env, npm_config_userconfig: npmrc } })).rejects.toThrow("npm ci failed");
  expect(paths).toContain("/new");
  expect(existsSync(join(folder, "ran"))).toBe(false);
}, 60_000);

test.each<[string, (modules: string) => void]>([
  [
    "empty",
    (modules) => {
      rmSync(modules, { recursive: true });
      mkdirSync(modules);
    },
  ],
  ["gone", (modules) => rmSync(modules, { recursive: true })],
  ["half", (modules) => rmSync(join(modules, "other"), { recursive: true })],
  [
    "of another version",
    (modules) => writeFileSync(join(modules, "tool/package.json"), '{"name":"tool","version":"0.9.0"}'),
  ],
  [
    "a file",
    (modules) => {
      rmSync(modules, { recursive: true });
      writeFileSync(modules, "");
    },
  ],
])(
  "an installation that is %s is made again",
  async (_, spoil) => {
    await link();
    const kept = modules();
    spoil(kept);
    await link();
    expect(modules()).toBe(kept);
    expect([has("tool"), has("other")]).toEqual([true, true]);
    expect(read("node_modules/tool/package.json").version).toBe("1.0.0");
    expect(readdirSync(join(dataDir, "dependencies"))).toHaveLength(1);
  },
  60_000,
);

test("whatever decides what is installed makes an installation of its own", async () => {
  const seen = new Set<string>();
  const installed = async () => {
    await link();
    seen.add(modules());
  };
  await installed();
  change("package.json", (manifest) => {
    manifest.description = "another";
  });
  await installed();
  write(".npmrc", `registry=${address}/`);
  await installed();
  // What is not used makes no difference.
  write(".npmrc", `registry=${address}/\ndry-run=true\n`);
  await installed();
  change("package-lock.json", (lock) => {
    lock.packages["node_modules/tool"].license = "MIT";
  });
  await installed();
  await link(release, { env: { ...env, PATH: `${env.PATH}:/nowhere` }, owner: ownerWith(newerNpm) });
  seen.add(modules());
  expect(seen.size).toBe(5);
}, 60_000);

const newerNpm: typeof runProgram = async (command, words, options) =>
  words[0] === "--version"
    ? { code: 0, killedBy: null, ended: null, stdout: "99.0.0\n", stderr: "" }
    : runProgram(command, words, options);

test("the runner's own modules serve only where they are complete", async () => {
  const own = mkdtempSync(join(folder, "own-"));
  cpSync(good, own, { recursive: true });
  mkdirSync(join(own, "node_modules"));
  await link(release, { runnerFolder: own });
  expect(modules().startsWith(dataDir)).toBe(true);
  rmSync(join(own, "node_modules"), { recursive: true });
  cpSync(modules(), join(own, "node_modules"), { recursive: true });
  await link(release, { runnerFolder: own });
  expect(modules()).toBe(join(own, "node_modules"));
}, 60_000);

test.each(["package-lock.json", "package.json", ".npmrc"])(
  "a %s that is a link to a file of the runner is not read",
  async (file) => {
    writeFileSync(join(folder, "secret"), "canary-of-the-runner");
    rmSync(join(release, file), { force: true });
    symlinkSync(join(folder, "secret"), join(release, file));
    const failed = await link().catch((error: Error) => error);
    expect(String(failed)).toBe(`DependenciesError: the release's ${file} cannot be read: it is a link and no file`);
    rmSync(join(release, file));
    await promisify(execFile)("mkfifo", [join(release, file)]);
    await expect(link()).rejects.toThrow("is no file");
  },
  60_000,
);

test("a file that is no JSON is not quoted", async () => {
  write("package-lock.json", "canary {");
  await expect(link()).rejects.toThrow(/^the release's package-lock.json is no JSON$/);
});

test("nothing that npm starts outlives it", async () => {
  const program = `sleep 300 > /dev/null 2>&1 & echo $! > ${folder}/pid; exit 1`;
  const run: typeof runProgram = (command, words, options) =>
    words[0] === "ci" ? runProgram("sh", ["-c", program], options) : runProgram(command, words, options);
  await expect(link(release, { owner: ownerWith(run) })).rejects.toThrow("npm ci failed");
  const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
  // A zombie that its new parent has not reaped yet runs no more.
  const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0] : "Z";
  expect(state).toBe("Z");
}, 60_000);
