import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ensureStagingTag } from "../../../../automation/accept/tagging.ts";
import { hideCredentials, hideRemote } from "../../../../automation/git/credentials.ts";
import { createGit } from "../../../../automation/git/git.ts";
import { type Mirror, openMirror } from "../../../../automation/git/mirror.ts";
import { pushTag } from "../../../../cli/release/push-tag.ts";
import { openRepository } from "../../../../cli/release/repository.ts";

const TOKEN = "canary+token/0123";
const WRITTEN = encodeURIComponent(TOKEN);
const USER = "x-access-token";

const folder = mkdtempSync(join(tmpdir(), "dockmaster-git-words-"));
const home = join(folder, "home");
const env = { PATH: process.env.PATH, HOME: home, GIT_CONFIG_GLOBAL: join(home, ".gitconfig") };
const git = createGit({ env, mask: (text) => text });
const run = (cwd: string, ...words: string[]) =>
  execFileSync("git", ["-c", "user.name=T", "-c", "user.email=t@example.org", ...words], {
    cwd,
    encoding: "utf8",
  }).trim();

let server: Server;
let other: Server;
let host: string;
let signedIn = 0;
let givenToOther: (string | undefined)[] = [];
/** Command lines of this machine's other processes while git worked, those that hold the token. */
let seen: string[] = [];

function look(): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
      if (line.includes(TOKEN) || line.includes(WRITTEN)) seen.push(line);
    } catch {
      // It is gone.
    }
  }
}

/** A slow git server, which wants the token for everything: Git's own CGI program behind a sign-in. */
const serve: RequestListener = async (request, response) => {
  for (let count = 0; count < 5; count++) {
    look();
    await delay(10);
  }
  const [, given = ""] = (request.headers.authorization ?? "").split(" ");
  if (Buffer.from(given, "base64").toString() !== `${USER}:${TOKEN}`) {
    response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
    return;
  }
  signedIn += 1;
  const [path = "", query = ""] = (request.url ?? "").split("?");
  const child = spawn("git", ["http-backend"], {
    env: {
      ...env,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      REMOTE_USER: USER,
      PATH_INFO: path,
      QUERY_STRING: query,
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      ...(request.headers["content-encoding"] && { HTTP_CONTENT_ENCODING: request.headers["content-encoding"] }),
    },
  });
  request.pipe(child.stdin);
  const parts: Buffer[] = [];
  for await (const part of child.stdout) parts.push(part);
  const answer = Buffer.concat(parts);
  const end = answer.indexOf("\r\n\r\n");
  for (const line of answer.subarray(0, end).toString().split("\r\n")) {
    const [name = "", value = ""] = line.split(": ");
    if (name === "Status") response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.end(answer.subarray(end + 4));
};

const listen = async (started: Server) => {
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(started.address() as AddressInfo).port}`;
};

let commit: string;
beforeAll(async () => {
  mkdirSync(home);
  const work = join(folder, "work");
  execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", join(folder, "origin.git")]);
  execFileSync("git", ["init", "--quiet", "--initial-branch=main", work]);
  writeFileSync(join(work, "file.txt"), "one");
  run(work, "add", "--all");
  run(work, "commit", "--quiet", "-m", "one");
  run(work, "push", "--quiet", join(folder, "origin.git"), "main");
  commit = run(work, "rev-parse", "HEAD");
  server = createServer(serve);
  host = await listen(server);
  other = createServer((request, response) => {
    givenToOther.push(request.headers.authorization);
    response.writeHead(401, { "www-authenticate": 'Basic realm="other"' }).end();
  });
});
afterAll(() => {
  server.close();
  other.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  seen = [];
  [signedIn, givenToOther] = [0, []];
});

/** Looks at all processes for as long as `work` takes. */
async function watched<T>(work: Promise<T>): Promise<T> {
  let busy = true;
  const looking = (async () => {
    while (busy) {
      look();
      await delay(1);
    }
  })();
  return await work.finally(async () => {
    busy = false;
    await looking;
  });
}

const filesWith = (text: string, below: string) =>
  readdirSync(below, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(text))
    .map(({ name }) => name);

describe("the token of a git address", () => {
  let mirror: Mirror;
  const url = () => `http://${USER}:${WRITTEN}@${host}/origin.git`;

  test("is on no command line and in no file while the runner fetches", async () => {
    mirror = await openMirror(git, join(folder, "mirror.git"), url());
    await watched(mirror.fetch());
    expect(await mirror.branchHead("main")).toBe(commit);
    expect(signedIn).toBeGreaterThan(0);
    expect(seen).toEqual([]);
    for (const text of [TOKEN, WRITTEN]) expect(filesWith(text, join(folder, "mirror.git"))).toEqual([]);
  });

  test("nor while it pushes a tag", async () => {
    const tagging = {
      mirror,
      store: { pinnedTags: async () => [] },
      config: { gitUrl: url(), gitBranch: "main" },
      log: { warn: () => {} },
      now: Date.now,
    };
    const tag = await watched(ensureStagingTag(tagging, commit, { create: async () => true, releasedBy: "test" }));
    expect(run(join(folder, "origin.git"), "tag", "--list")).toBe(tag);
    expect(seen).toEqual([]);
    for (const text of [TOKEN, WRITTEN]) expect(filesWith(text, join(folder, "mirror.git"))).toEqual([]);
  });

  test.each<[string, () => string[][]]>([
    ["in the remote's address", () => [["remote", "add", "origin", url()]]],
    [
      "in its address for pushes",
      () => [
        ["remote", "add", "origin", url()],
        ["remote", "set-url", "--push", "origin", url()],
      ],
    ],
    [
      "in a replacement of the user's own",
      () => [
        ["remote", "add", "origin", `http://${host}/origin.git`],
        ["config", `url.http://${USER}:${WRITTEN}@${host}/.insteadOf`, `http://${host}/`],
      ],
    ],
    [
      "in one with a short name",
      () => [
        ["remote", "add", "origin", "work:origin.git"],
        ["config", `url.http://${USER}:${WRITTEN}@${host}/.insteadOf`, "work:"],
      ],
    ],
  ])("nor while people release, with it %s", async (name, setUp) => {
    const clone = mkdtempSync(join(folder, "clone-"));
    execFileSync("git", ["init", "--quiet", "--initial-branch=main", clone]);
    for (const words of setUp()) run(clone, ...words);
    const tag = `v3.0.${name.length}`;
    await watched(
      (async () => {
        const repository = await openRepository({ folder: clone, remote: "origin", branch: "main", env });
        await repository.fetch();
        await repository.releases();
        const trailers = { kind: null, promotedFrom: null, releasedBy: "test", drops: [] };
        expect(await pushTag(repository, { tag, commit, trailers }, { env, now: Date.now() })).toBe("pushed");
      })(),
    );
    expect(run(join(folder, "origin.git"), "tag", "--list", tag)).toBe(tag);
    expect(seen).toEqual([]);
    // Nothing was written to the user's own files but what stood there.
    expect(filesWith(TOKEN, home)).toEqual([]);
  });

  test("goes to no other host that the server sends on to", async () => {
    const there = await listen(other);
    const redirecting = createServer((request, response) => {
      response.writeHead(302, { location: `http://${there}${request.url}` }).end();
    });
    const from = await listen(redirecting);
    const sentOn = await openMirror(git, join(folder, "sent-on.git"), `http://${USER}:${WRITTEN}@${from}/origin.git`);
    await expect(sentOn.fetch()).rejects.toMatchObject({ code: "git_unreachable" });
    expect(givenToOther.length).toBeGreaterThan(0);
    expect(givenToOther.filter((given) => given !== undefined)).toEqual([]);
    redirecting.close();
  });

  test("is not handed to helpers that would keep it", async () => {
    const store = join(folder, "kept");
    execFileSync("git", ["config", "--file", join(home, ".gitconfig"), "credential.helper", `store --file ${store}`]);
    const kept = await openMirror(git, join(folder, "kept.git"), url());
    await kept.fetch();
    expect(signedIn).toBeGreaterThan(0);
    expect(readdirSync(folder)).not.toContain("kept");
    rmSync(join(home, ".gitconfig"));
  });

  test("that is wrong ends in an error that does not repeat it", async () => {
    const wrong = await openMirror(git, join(folder, "wrong.git"), `http://u:wrong-canary@${host}/origin.git`);
    const error = await watched(wrong.fetch()).catch((failure: Error) => failure);
    expect(error).toMatchObject({ code: "git_unreachable" });
    expect(String((error as Error).message)).not.toContain("canary");
  });
});

test.each<[string, string, Record<string, string> | undefined]>([
  [
    "https://user:p%40ss@e.org/a.git",
    "https://e.org/a.git",
    { DOCKMASTER_GIT_USER: "user", DOCKMASTER_GIT_PASSWORD: "p@ss" },
  ],
  [
    "https://user:a@b@e.org:8443/a.git",
    "https://e.org:8443/a.git",
    { DOCKMASTER_GIT_USER: "user", DOCKMASTER_GIT_PASSWORD: "a@b" },
  ],
  ["https://token:@e.org/a.git", "https://e.org/a.git", { DOCKMASTER_GIT_USER: "token", DOCKMASTER_GIT_PASSWORD: "" }],
  ["HTTPS://u:p@E.org/a.git", "HTTPS://E.org/a.git", { DOCKMASTER_GIT_USER: "u", DOCKMASTER_GIT_PASSWORD: "p" }],
  ["https://u:100%@e.org/a.git", "https://e.org/a.git", { DOCKMASTER_GIT_USER: "u", DOCKMASTER_GIT_PASSWORD: "100%" }],
  ["https://token@e.org/a.git", "https://e.org/a.git", {}],
  ["https://e.org/a@b.git", "https://e.org/a@b.git", undefined],
  ["git@e.org:a.git", "git@e.org:a.git", undefined],
  ["ssh://git@e.org/a.git", "ssh://git@e.org/a.git", undefined],
  ["/srv/a.git", "/srv/a.git", undefined],
])("of %s git's words hold %s", (given, clean, env) => {
  const { words, settings, env: handed } = hideCredentials(["fetch", "--", given]);
  expect(words).toEqual(["fetch", "--", clean]);
  expect(settings.length > 0).toBe(env !== undefined);
  expect(handed).toEqual(env ?? {});
});

test("a sign-in with a line end in it is refused", () => {
  expect(() => hideCredentials(["https://u:a%0Ahost=evil@e.org/a.git"])).toThrow(/line end/);
});

test("a remote without a sign-in is left alone", () => {
  expect(hideRemote(["git@e.org:a.git", "https://e.org/a.git"])).toEqual({ settings: [], env: {} });
});
