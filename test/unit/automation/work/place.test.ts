import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Run } from "../../../../automation/domain/run.ts";
import { clearPlaces, takePlace } from "../../../../automation/work/place.ts";
import { asUser, createUsers, type RunUser, type RunUsers } from "../../../../automation/work/users.ts";
import { canChangeUsers } from "../../../integration/runner/users/two-users.ts";

describe.skipIf(!canChangeUsers())("the user of a run", () => {
  let dataDir: string;
  let users: RunUsers;
  const [files, only] = [{ id: 33_100 }, { id: 33_101 }] as [RunUser, RunUser];
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), "dockmaster-place-"));
    chmodSync(dataDir, 0o711);
    users = createUsers([files, only]);
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  const take = (stack = "staging") => {
    const config = { dataDir, backendUrl: `file://${dataDir}/state`, logLevel: "info" };
    const spec = { run: { id: "01RUN", stack } as Run, merged: true };
    return takePlace({ config, users, programEnvironment: () => ({}) }, spec, AbortSignal.timeout(5_000));
  };
  /** As that user, which may do with its files what it likes. */
  const act = (text: string) => {
    const [command = "", ...words] = [...asUser(only), "sh", "-c", text];
    expect(spawnSync(command, words, { encoding: "utf8" })).toMatchObject({ status: 0 });
  };

  test("is there for the next run when there was no room for its folders, or no such stack", async () => {
    writeFileSync(join(dataDir, "runs"), "in the way");
    await expect(take()).rejects.toThrow(/EEXIST|ENOTDIR/);
    rmSync(join(dataDir, "runs"));
    await expect(take("No stack")).rejects.toThrow("is no stack name");
    const place = await take();
    expect(place.user).toBe(only);
    await place.leave();
  });

  test("is there for the next run when its folders cannot be removed", async () => {
    const place = await take();
    // A folder in the way of the copies that are kept.
    mkdirSync(join(dataDir, "state-copies/staging-01RUN-1.json/in"), { recursive: true });
    await place.make("copies");
    act(`echo {} > ${join(dirname(place.worktree), "copies/1.json")}`);
    await expect(place.leave()).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    rmSync(join(dataDir, "state-copies"), { recursive: true });
    await (await take()).leave();
    expect(readdirSync(join(dataDir, "state-copies"))).toEqual(["staging-01RUN-1.json"]);
  });

  test("keeps no worker from starting with what of it cannot be removed", async () => {
    const place = await take();
    mkdirSync(join(dataDir, "state-copies/staging-01RUN-1.json/in"), { recursive: true });
    await place.make("copies");
    act(`echo {} > ${join(dirname(place.worktree), "copies/1.json")}`);
    expect(await clearPlaces(dataDir, `file://${dataDir}/state`, users)).toHaveLength(1);
    rmSync(join(dataDir, "state-copies"), { recursive: true });
    expect(await clearPlaces(dataDir, `file://${dataDir}/state`, users)).toEqual([]);
    expect(existsSync(dirname(place.worktree))).toBe(false);
    await place.leave();
  });

  test("cannot keep the worker from its copies of the state, and leaves none that is too large to read", async () => {
    const place = await take();
    const copies = await place.make("copies");
    act(
      `echo {} > ${copies}/1.json; truncate --size 100M ${copies}/2.json; ln -s /etc/shadow ${copies}/3.json; chmod 0 ${copies}`,
    );
    await place.leave();
    expect(readdirSync(join(dataDir, "state-copies"))).toEqual(["staging-01RUN-1.json"]);
    expect(existsSync(dirname(place.worktree))).toBe(false);
  });
});
