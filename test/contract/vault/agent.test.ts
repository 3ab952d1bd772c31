import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type AgentPlaces, agentConfig } from "../../../components/vault/agent/agent-config.ts";
import type { AgentFile } from "../../../components/vault/agent/agent-request.ts";
import { guardEntrypoint, healthTest, startScript } from "../../../components/vault/agent/agent-scripts.ts";
import { freePort, type OpenbaoServer, openbaoMissing, openbaoNote, startOpenbao } from "./openbao-server.ts";

const OWNER = { stack: "staging", service: "redis" };
const PATH = "secret/data/platform/staging/redis";
const NASTY = 'a"b\\{{c}}<&>$X\n-----END-----\n';
/** Only root can give files away. */
const root = userInfo().uid === 0;
const uid = String(root ? 1000 : userInfo().uid);
const gid = String(root ? 1001 : userInfo().gid);

describe.skipIf(openbaoMissing)(`a real agent with the planned configuration${openbaoNote}`, () => {
  let bao: OpenbaoServer;
  let folder: string;
  let places: AgentPlaces;
  let agent: { child: ChildProcess; log(): string; ended: Promise<number | null> } | undefined;

  beforeAll(async () => {
    bao = await startOpenbao();
    await bao.demand("POST", "sys/auth/approle", { type: "approle" });
    const policy = `path "${PATH}" { capabilities = ["read"] }`;
    await bao.demand("PUT", "sys/policies/acl/reader", { policy });
    await bao.demand("POST", "auth/approle/role/reader", { token_policies: ["reader"], token_period: 3600 });
  });
  afterAll(() => bao?.stop());

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "dockmaster-agent-"));
    mkdirSync(join(folder, "bin"));
    symlinkSync(bao.program, join(folder, "bin/bao"));
    places = {
      roleId: join(folder, "role_id"),
      secretId: join(folder, "secret_id"),
      config: join(folder, "agent.json"),
      secrets: join(folder, "secrets"),
      marker: join(folder, "rendered"),
    };
    await bao.demand("POST", PATH, { data: { password: "canary-one", nasty: NASTY } });
    writeFileSync(places.roleId, (await bao.demand("GET", "auth/approle/role/reader/role-id")).data.role_id);
    writeFileSync(places.secretId, (await bao.demand("POST", "auth/approle/role/reader/secret-id")).data.secret_id);
    configure([file("cache", "password", "0400"), file("cache", "nasty", "0440"), file("worker", "password", "0444")]);
  });
  afterEach(async () => {
    if (agent?.child.exitCode === null) agent.child.kill("SIGKILL");
    await agent?.ended;
    agent = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  test("renders every value byte for byte, with owner and mode, and then is healthy", async () => {
    expect(healthy()).toBe(false);
    start();
    await expect.poll(healthy, { timeout: 20_000 }).toBe(true);
    expect(rendered("cache/password")).toEqual(["canary-one", 0o400, uid, gid]);
    expect(rendered("cache/nasty")).toEqual([NASTY, 0o440, uid, gid]);
    expect(rendered("worker/password")).toEqual(["canary-one", 0o444, uid, gid]);
    expect(agent?.log()).toContain("vault-agent of redis (staging): signs in at");
    expect(agent?.log()).not.toContain("canary");
  });

  test("is not healthy by what an earlier one left, and ends when a value is missing", async () => {
    configure([file("cache", "password", "0400"), file("cache", "nothing", "0400")]);
    mkdirSync(join(places.secrets, "cache"), { recursive: true });
    for (const name of ["cache/password", "cache/nothing"]) writeFileSync(join(places.secrets, name), "old");
    writeFileSync(places.marker, "old");
    start();
    expect(await agent?.ended).toBe(1);
    expect(healthy()).toBe(false);
    expect(agent?.log()).toMatch(/map has no entry for key \\?"nothing/);
  });

  test("is healthy again after a restart although no file changed", async () => {
    start();
    await expect.poll(healthy, { timeout: 20_000 }).toBe(true);
    const before = statSync(join(places.secrets, "cache/password")).ino;
    agent?.child.kill("SIGTERM");
    expect(await agent?.ended).toBe(0);
    rmSync(places.marker);
    start();
    await expect.poll(healthy, { timeout: 20_000 }).toBe(true);
    expect(statSync(join(places.secrets, "cache/password")).ino).toBe(before);
  });

  test("renders a rotated value without a restart", async () => {
    start();
    await expect.poll(healthy, { timeout: 20_000 }).toBe(true);
    await bao.demand("PATCH", PATH, { data: { password: "canary-two" } });
    await expect.poll(() => rendered("worker/password")[0], { timeout: 20_000 }).toBe("canary-two");
    expect(rendered("cache/password")).toEqual(["canary-two", 0o400, uid, gid]);
  });

  test("ends at once when its secret id was revoked, and its log says what to do", async () => {
    const secret_id = readFileSync(places.secretId, "utf8");
    await bao.demand("POST", "auth/approle/role/reader/secret-id/destroy", { secret_id });
    start();
    expect(await agent?.ended).not.toBe(0);
    expect(healthy()).toBe(false);
    expect(agent?.log()).toContain("the secret id was revoked: dockmaster up staging makes a new one");
    expect(agent?.log()).toMatch(/invalid (role or )?secret/i);
    expect(agent?.log()).not.toContain(secret_id);
  });

  test("ends at once when Vault is away", async () => {
    start({ VAULT_ADDR: `http://127.0.0.1:${await freePort()}` });
    expect(await agent?.ended).not.toBe(0);
    expect(healthy()).toBe(false);
    expect(agent?.log()).toContain("connection refused");
  });

  const noRole = "dockmaster up staging (and before it dockmaster up bootstrap, when the role is new)";
  const noSecretId = "dockmaster up staging (it makes a new one)";
  const noAddress = "pulumi config set vault:address";
  test.each<[string, string, () => void, NodeJS.ProcessEnv?]>([
    ["the role id is missing", noRole, () => rmSync(places.roleId)],
    ["the role id is missing", noRole, () => writeFileSync(places.roleId, " \n")],
    ["the secret id is missing", noSecretId, () => rmSync(places.secretId)],
    ["the secret id is missing", noSecretId, () => writeFileSync(places.secretId, "")],
    ["the address of Vault is missing", noAddress, () => {}, { VAULT_ADDR: "" }],
    ["the address of Vault is missing", noAddress, () => {}, { VAULT_ADDR: undefined }],
    [
      "there is neither vault nor bao in this image",
      "name an image of HashiCorp Vault or OpenBao",
      () => rmSync(join(folder, "bin/bao")),
    ],
  ])("says before anything else that %s (%#)", async (reason, fix, spoil, env) => {
    spoil();
    writeFileSync(places.marker, "old");
    start(env);
    expect(await agent?.ended).toBe(1);
    expect(agent?.log()).toContain(`vault-agent of redis (staging): ${reason}. To mend it: ${fix}`);
    expect(existsSync(places.marker)).toBe(false);
  });

  function file(container: string, field: string, mode: string): AgentFile {
    return { container, secret: field, place: { path: PATH, field }, target: field, uid, gid, mode };
  }

  function configure(files: AgentFile[]): void {
    writeFileSync(places.config, agentConfig(files, { approle: "approle", interval: "1s" }, places));
  }

  function start(env: NodeJS.ProcessEnv = {}): void {
    const child = spawn("/bin/sh", ["-c", startScript(OWNER, places)], {
      env: { PATH: `${join(folder, "bin")}:/usr/bin:/bin`, HOME: folder, VAULT_ADDR: bao.address, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let log = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (log += chunk));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    agent = { child, log: () => log, ended };
  }

  function healthy(): boolean {
    const [, program = "", ...args] = healthTest(places);
    try {
      execFileSync(program, args);
      return true;
    } catch {
      return false;
    }
  }

  function rendered(name: string): [string, number, string, string] {
    const path = join(places.secrets, name);
    const { mode, uid: user, gid: group } = statSync(path);
    return [readFileSync(path, "utf8"), mode & 0o777, String(user), String(group)];
  }
});

describe("the guard before a consumer's entrypoint", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dockmaster-guard-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...command: string[]) => {
    const [program = "", ...args] = guardEntrypoint(["one", "two"], folder);
    return execFileSync(program, [...args, ...command], { encoding: "utf8", stdio: "pipe" });
  };

  test("starts the program, with its arguments as they are, when everything is there", () => {
    for (const name of ["one", "two"]) writeFileSync(join(folder, name), "x");
    expect(run("printf", "%s|", "a b", "$HOME", "")).toBe("a b|$HOME||");
  });

  test.each([["missing"], ["empty"]])("ends when a secret is %s, and names it", (how) => {
    writeFileSync(join(folder, "one"), "x");
    if (how === "empty") writeFileSync(join(folder, "two"), "");
    expect(() => run("touch", join(folder, "started"))).toThrow(`${join(folder, "two")} is not there yet`);
    expect(existsSync(join(folder, "started"))).toBe(false);
  });
});
