import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listProcesses } from "../../../../automation/work/users.ts";
import { canChangeUsers, sharedProgram, startTwoUsers, type TwoUsers } from "./two-users.ts";

const root = new URL("../../../..", import.meta.url).pathname;
const attack = readFileSync(join(root, "test/fixtures/hostile/attack.mjs"), "utf8");
const program = `process.umask(0);\n${readFileSync(join(root, "test/fixtures/program/index.mjs"), "utf8")}`;

/** Serves a package whose code is `code` on loopback. */
async function servePackage(folder: string, code: string) {
  const made = join(folder, "evil");
  mkdirSync(made);
  const version = "1.0.0";
  writeFileSync(
    join(made, "package.json"),
    JSON.stringify({ name: "evil", version, type: "module", main: "index.js" }),
  );
  writeFileSync(join(made, "index.js"), code);
  execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], { cwd: made });
  const tarball = readFileSync(join(folder, "evil-1.0.0.tgz"));
  const server = createServer((_, response) => response.end(tarball));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    version,
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/evil-1.0.0.tgz`,
    integrity: `sha512-${createHash("sha512").update(tarball).digest("base64")}`,
    close: () => server.close(),
  };
}

/** What a hostile program wrote down. */
interface Report {
  uid: number;
  env: Record<string, string>;
  cwd: string;
  got: Record<string, { succeeded: boolean; value: string }>;
  left: Record<string, string>;
}

/** Ways that may lead somewhere, as long as that holds no secret: what it reads of itself, and of everybody's process numbers. */
const READS_ITSELF = ["reads every environment", "reads every command line"];
/** It may add files where its own state is; nobody takes them for theirs, and they go with it. */
const GOES_WITH_IT = ["plants a state for another stack"];
/** A checkout that is thrown away may be its own. */
const OWN_CHECKOUT = ["writes its own worktree"];

describe.skipIf(!canChangeUsers())("a hostile program, as real users", () => {
  let two: TwoUsers;
  const users = { staging: [32_000, 32_003], production: [32_100, 32_103] } as const;
  const all = Object.values(users).flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
  beforeAll(async () => {
    two = await startTwoUsers(sharedProgram, {
      workers: [
        { stack: "staging", users: [...users.staging] },
        { stack: "production", users: [...users.production] },
      ],
      env: { PREVIEW: "any" },
    });
    expect((await deploy("staging", "v1.0.1")).status).toBe(200);
    two.origin.git("tag", "-a", "v1.1.0", "-m", "Release v1.1.0\n\nDockmaster-Promotes: v1.0.1", "v1.0.1^{}");
    two.origin.git("push", "--quiet", "origin", "v1.1.0");
    const first = await deploy("production", "v1.1.0");
    expect(first.status, JSON.stringify(first.body) + two.logged().slice(-3000)).toBe(200);
  }, 240_000);
  afterAll(() => two?.stop());

  const deploy = (env: string, tag: string, waitSeconds = 240) =>
    two.send("POST", "/deploy", { env, tag, triggered_by: "test" }, { waitSeconds });
  let last = 1;
  /** A release whose program attacks, and then is what it was. */
  const hostile = (then = "", files: Record<string, string> = {}) => {
    last += 1;
    const out = join(two.folder, "dokploy", `report-${last}.json`);
    const targets = {
      ...{ out, then, app: join(two.folder, "app"), url: two.logged().match(/"url":"(http[^"]+)"/)?.[1] },
      ...{ doorPid: two.doorPid, doorData: two.doorData, otherUser: users.production[1] },
      workerPids: { staging: two.workerPid("staging"), production: two.workerPid("production") },
      own: { data: two.workerData("staging"), project: "dockmaster", stack: "staging" },
      other: { data: two.workerData("production"), project: "dockmaster", stack: "production" },
      sockets: {
        staging: join(two.folder, "run-staging/engine.sock"),
        production: join(two.folder, "run-production/engine.sock"),
      },
    };
    return {
      out,
      files: {
        "targets.json": JSON.stringify(targets),
        "attack.mjs": attack,
        "index.mjs": `import "./attack.mjs";\n${program}`,
        ...files,
      },
    };
  };
  const report = (out: string) => JSON.parse(readFileSync(out, "utf8")) as Report;

  /** Nothing that it got holds a secret that is not its stack's, and nothing that it may not change did change. */
  const expectNothing = ({ got }: Report, may: string[] = []) => {
    const { secrets } = two;
    const foreign = [
      secrets.webhook,
      secrets.api,
      secrets.git,
      secrets.passphrase("production"),
      secrets.key("production"),
    ];
    const text = JSON.stringify(got);
    for (const secret of foreign) expect(text).not.toContain(secret);
    const ways = Object.entries(got).filter(([name]) => ![...READS_ITSELF, ...GOES_WITH_IT, ...may].includes(name));
    expect(ways.filter(([, { succeeded }]) => succeeded)).toEqual([]);
    expect(Object.keys(got).length).toBeGreaterThanOrEqual(35);
  };
  /** The other stack's files as they are. */
  const productionFiles = () => {
    const folder = join(two.workerData("production"), "state/.pulumi");
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => lstatSync(join(folder, name)).isFile())
      .map(
        (name) => `${name} ${statSync(join(folder, name)).uid} ${readFileSync(join(folder, name), "latin1").length}`,
      );
  };
  /** Nothing of a run is left: no process, no folder, nothing that a user of runs owns. */
  const expectNothingLeft = async () => {
    for (const id of all) expect(listProcesses({ id })).toEqual([]);
    for (const stack of ["staging", "production"]) {
      const data = two.workerData(stack);
      expect(readdirSync(join(data, "runs"))).toEqual([]);
      const owned = readdirSync(data, { recursive: true, encoding: "utf8" })
        .map((name) => join(data, name))
        .filter((path) =>
          all.filter((id) => id !== users.staging[0] && id !== users.production[0]).includes(lstatSync(path).uid),
        );
      expect(owned).toEqual([]);
    }
    for (const id of all) expect(existsSync(`/tmp/planted-${id}`)).toBe(false);
  };

  test("as staging's release: it gets nothing, changes nothing, leaves nothing, and production goes on beside it", async () => {
    const before = productionFiles();
    const { out, files } = hostile();
    two.origin.release(`v1.0.${last}`, files);
    const beside = two.send("POST", "/drift", { env: "production", triggered_by: "test" });
    const { status } = await deploy("staging", `v1.0.${last}`);
    expect((await beside).body).toMatchObject({ status: "success" });
    const told = report(out);
    expectNothing(told);
    expect(status).toBe(200);
    expect(told.uid).toBeGreaterThan(users.staging[0]);
    expect(told.env).not.toHaveProperty("WEBHOOK_SECRET");
    expect(productionFiles()).toEqual(before);
    await expectNothingLeft();
    const beats = () => statSync(`${out}.heartbeat`).size;
    const size = beats();
    await delay(1_000);
    expect(beats()).toBe(size);
    // Whoever comes next meets nothing of it.
    two.origin.release(`v1.0.${++last}`, { "index.mjs": program });
    expect(await deploy("staging", `v1.0.${last}`)).toMatchObject({ status: 200 });
    await expectNothingLeft();
  }, 240_000);

  test("as the preview of a branch that nobody merged", async () => {
    const { out, files } = hostile();
    two.origin.git("checkout", "--quiet", "-b", "evil");
    two.origin.release(null, files);
    const commit = two.origin.git("rev-parse", "HEAD");
    two.origin.git("push", "--quiet", "origin", "evil");
    two.origin.git("checkout", "--quiet", "main");
    const { body } = await two.send("POST", "/preview", { env: "staging", commit, triggered_by: "test" });
    const told = report(out);
    expectNothing(told, OWN_CHECKOUT);
    expect(body).toMatchObject({ status: "success" });
    expect(told.env.NODE_COMPILE_CACHE?.startsWith(two.workerData("staging"))).toBe(true);
    expect(told.env.NODE_COMPILE_CACHE).not.toContain("/compiled");
    await expectNothingLeft();
  }, 240_000);

  test("as a dependency, when it is imported: it is installed by another user, and runs as the run's", async () => {
    const { out, files } = hostile();
    const evil = await servePackage(two.folder, attack);
    try {
      const read = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));
      const [own, lock] = [read("package.json"), read("package-lock.json")];
      const { imports } = read("test/fixtures/program/package.json");
      const dependencies = { ...own.dependencies, evil: evil.address };
      const { version, address: resolved, integrity } = evil;
      lock.packages[""].dependencies = dependencies;
      lock.packages["node_modules/evil"] = { version, resolved, integrity };
      two.origin.release(`v1.0.${last}`, {
        "targets.json": files["targets.json"],
        "package.json": JSON.stringify({ ...own, imports, dependencies }),
        "package-lock.json": JSON.stringify(lock),
        "index.mjs": `import "evil";\n${program}`,
      });
      const { status, body } = await deploy("staging", `v1.0.${last}`);
      expect(status, JSON.stringify(body)).toBe(200);
    } finally {
      evil.close();
    }
    const told = report(out);
    expectNothing(told);
    // What it is made of belongs to a user as which nothing of a release runs.
    const [installed = ""] = readdirSync(join(two.workerData("staging"), "dependencies"));
    const folder = join(two.workerData("staging"), "dependencies", installed, "node_modules/evil");
    expect(lstatSync(folder).uid).toBe(users.staging[0]);
    expect(told.uid).not.toBe(users.staging[0]);
    await expectNothingLeft();
    two.origin.release(`v1.0.${++last}`, {
      "index.mjs": program,
      "package.json": readFileSync(join(root, "test/fixtures/program/package.json"), "utf8"),
      "package-lock.json": readFileSync(join(root, "package-lock.json"), "utf8"),
    });
    expect(await deploy("staging", `v1.0.${last}`)).toMatchObject({ status: 200 });
  }, 300_000);

  test("whose stack's file is a link to what only the worker may read", async () => {
    const { files } = hostile("", {});
    two.origin.release(null, files);
    const name = "Pulumi.staging.yaml";
    two.origin.git("rm", "--quiet", name);
    symlinkSync(
      join(two.workerData("staging"), "state/.pulumi/stacks/dockmaster/staging.json"),
      join(two.origin.folder, name),
    );
    two.origin.release(`v1.0.${++last}`, {});
    const { body } = await deploy("staging", `v1.0.${last}`);
    expect(JSON.stringify(body)).toMatch(/is a link and no file|has no Pulumi/);
    rmSync(join(two.origin.folder, name));
    two.origin.git("checkout", "v1.0.1", "--", name);
    two.origin.release(`v1.0.${++last}`, { "index.mjs": program });
    expect(await deploy("staging", `v1.0.${last}`)).toMatchObject({ status: 200 });
  }, 240_000);

  test.each(["fill the disk", "fork without end"])(
    "that wants to %s: its run ends, the other's does not",
    async (then) => {
      const { files } = hostile(then);
      two.origin.release(`v1.0.${last}`, files);
      const slow = join(two.folder, "dokploy");
      const { body } = await deploy("staging", `v1.0.${last}`, 0);
      const { body: beside } = await two.send("POST", "/sync", { env: "production", all: true, triggered_by: "test" });
      expect(beside).toMatchObject({ status: "success" });
      const ended = async () => {
        for (let tries = 0; tries < 400; tries++) {
          const run = await two.send("GET", `/runs/${body.run}`);
          if (run.body.finished_at !== null) return run.body;
          await delay(500);
        }
        throw new Error("it does not end");
      };
      const run = await ended();
      if (then !== "fork without end") {
        expect(run).toMatchObject({ state: "failed", cause: { message: expect.stringMatching(/it wrote more than/) } });
      }
      expect(existsSync(slow)).toBe(true);
      await expectNothingLeft();
      two.origin.release(`v1.0.${++last}`, { "index.mjs": program });
      expect(await deploy("staging", `v1.0.${last}`)).toMatchObject({ status: 200 });
    },
    300_000,
  );
});
