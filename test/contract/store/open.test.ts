import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore } from "../../../automation/store/open.ts";
import { T0 } from "./requests.ts";

describe("opening a store", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "dockmaster-open-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("makes the file and its folder, for its owner only", async () => {
    const file = join(folder, "deep", "er", "dockmaster.db");
    const store = await openStore(`sqlite:${file}`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await store.close();
  });

  test("refuses a database that a newer release has written", async () => {
    const file = join(folder, "newer.db");
    await (await openStore(`sqlite:${file}`)).close();
    const db = new DatabaseSync(file);
    db.exec("INSERT INTO schema_version (version) VALUES (999)");
    db.close();
    await expect(openStore(`sqlite:${file}`)).rejects.toThrow(/version 999.*newer release/);
  });

  test("refuses another scheme without repeating a password", async () => {
    const error = await openStore("mysql://user:hunter2@host/db").catch((reason: Error) => reason);
    expect(String(error)).toMatch(/sqlite:<path> or postgres:/);
    expect(String(error)).not.toContain("hunter2");
    await expect(openStore("sqlite:")).rejects.toThrow(/DATABASE_URL/);
  });

  test("rejects when the server cannot be reached, without repeating a password", async () => {
    const error = await openStore("postgres://user:hunter2@127.0.0.1:1/db").catch((reason: Error) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).not.toContain("hunter2");
  });

  test("waits for another connection's write instead of failing", async () => {
    const file = join(folder, "busy.db");
    const store = await openStore(`sqlite:${file}`);
    const other = new DatabaseSync(file);
    other.exec("BEGIN IMMEDIATE");
    const ping = store.ping(T0);
    setImmediate(() => other.exec("COMMIT"));
    await ping;
    other.close();
    await store.close();
  });
});
