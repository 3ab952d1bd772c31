import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createGit, type Git, GitError } from "../../../../automation/git/git.ts";
import { openMirror } from "../../../../automation/git/mirror.ts";

/** How long a git of these tests may take, in milliseconds. */
const LIMIT = 1_500;

let folder: string;
let server: Server;
let url: string;
const asked: (() => void)[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dockmaster-hang-"));
  execFileSync("git", ["init", "--quiet", "--bare", join(folder, "origin.git")]);
  // Accepts and never answers.
  server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => asked.shift()?.());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.git`;
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Processes that name `text` on their command line. */
function processesOf(text: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
      } catch {
        return "";
      }
    })
    .filter((line) => line.includes(text));
}

/** A killed process may take a moment to be gone. */
async function expectNoneOf(text: string): Promise<void> {
  await expect.poll(() => processesOf(text), { timeout: 1_000, interval: 20 }).toEqual([]);
}

const plain = createGit({ env: { PATH: process.env.PATH, HOME: tmpdir() }, mask: (text) => text });

/** Resolves when the server has been asked something. */
const isAsked = () => new Promise<void>((resolve) => asked.push(resolve));

test("a remote that accepts and never answers: a fetch ends at its limit with all its processes, and the next one works", async () => {
  let remote = url;
  const git: Git = (words, options) =>
    plain(
      words.map((word) => (word === url ? remote : word)),
      { ...options, timeoutMs: LIMIT },
    );
  const mirror = await openMirror(git, join(folder, "mirror.git"), url);
  const began = Date.now();
  const reached = isAsked();
  const first = mirror.fetch();
  const second = mirror.fetch();
  second.catch(() => {});
  await reached;
  expect(processesOf(url).length).toBeGreaterThan(1);
  await expect(first).rejects.toMatchObject({
    code: "git_unreachable",
    message: expect.stringContaining("longer than 1.5 s"),
  });
  expect(Date.now() - began).toBeLessThan(LIMIT + 1_500);
  await expect(second).rejects.toMatchObject({ code: "git_unreachable" });
  await expectNoneOf(url);
  remote = join(folder, "origin.git");
  await mirror.fetch();
  expect(mirror.fetchedAt()).toBeGreaterThanOrEqual(began);
});

test("a mirror that is closed ends what git does there, and begins nothing more", async () => {
  const mirror = await openMirror(plain, join(folder, "closed.git"), url);
  const reached = isAsked();
  const fetched = mirror.fetch();
  await reached;
  mirror.close();
  await expect(fetched).rejects.toMatchObject({ code: "git_unreachable" });
  await expectNoneOf(url);
  await expect(mirror.git(["version"])).rejects.toThrow(GitError);
});

test("a git that does not end when it is asked to is killed with its helpers", async () => {
  const bin = await mkdtemp(join(folder, "bin-"));
  await writeFile(join(bin, "git"), "#!/bin/sh\ntrap '' TERM\nsleep 3333\nsleep 3333\n", { mode: 0o755 });
  const stubborn = createGit({ env: { PATH: `${bin}:${process.env.PATH}` }, mask: (text) => text });
  await expect(stubborn(["fetch"], { timeoutMs: 200, apart: true })).rejects.toThrow("longer than 0.2 s");
  await expectNoneOf("sleep 3333");
});

test.each<[string, Record<string, string>, string[], string[]]>([
  [
    "as a rule",
    {},
    ["GIT_SSH_COMMAND=ssh -oBatchMode=yes -oConnectTimeout=15 -oServerAliveInterval=15", "http.lowSpeedTime=30"],
    [],
  ],
  ["of a given command", { GIT_SSH_COMMAND: "ssh -i key" }, ["GIT_SSH_COMMAND=ssh -i key\n"], ["ConnectTimeout"]],
  ["of a given program", { GIT_SSH: "/opt/ssh" }, ["GIT_SSH=/opt/ssh\n"], ["GIT_SSH_COMMAND"]],
  ["of a given time limit", { GIT_HTTP_LOW_SPEED_TIME: "7" }, ["GIT_HTTP_LOW_SPEED_TIME=7\n"], []],
])("git gives up a silent server by itself, %s", async (_name, env, has, lacks) => {
  const bin = await mkdtemp(join(folder, "bin-"));
  await writeFile(join(bin, "git"), '#!/bin/sh\nenv\necho "$@"\n', { mode: 0o755 });
  const seen = await createGit({ env: { PATH: `${bin}:${process.env.PATH}`, ...env }, mask: (text) => text })([
    "version",
  ]);
  for (const text of has) expect(seen).toContain(text);
  for (const text of lacks) expect(seen).not.toContain(text);
});
