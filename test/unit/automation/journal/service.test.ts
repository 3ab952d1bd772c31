import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type JournaledUpdate, openJournaledUpdate } from "../../../../automation/journal/journaled-update.ts";
import { journalFile } from "../../../../automation/journal/paths.ts";
import { JournalConflict } from "../../../../automation/journal/settle.ts";
import type { StackPlace } from "../../../../automation/state/backend.ts";
import { lockFolder, readLocks, StackLocked, takeLock } from "../../../../automation/state/locks.ts";

const UPDATE = "stacks/organization/p/s/update";
const STATE = JSON.stringify({ version: 3, checkpoint: { stack: "organization/p/s", latest: { manifest: {} } } });
const metadata = { message: "why", environment: { "pulumi.version": "v3.259.0" } };
const step = (kind = 1, version = 1) => ({
  entries: [{ version, kind, sequenceID: 1, operationID: 1, state: { urn: "urn:pulumi:s::p::t:T::x", type: "t:T" } }],
});

describe("the state service of one update", () => {
  let place: StackPlace;
  let update: JournaledUpdate;
  let token: string;
  beforeEach(async () => {
    place = { folder: mkdtempSync(join(tmpdir(), "service-")), project: "p", stack: "s" };
    mkdirSync(join(place.folder, ".pulumi/stacks/p"), { recursive: true });
    writeFileSync(join(place.folder, ".pulumi/stacks/p/s.json"), STATE);
    await open();
  });
  const open = async () => {
    const credentials = join(place.folder, "credentials");
    update = await openJournaledUpdate(place, credentials);
    token = JSON.parse(readFileSync(join(credentials, "credentials.json"), "utf8")).accessTokens[
      update.env.PULUMI_BACKEND_URL!
    ];
  };
  afterEach(async () => {
    await update.close();
    rmSync(place.folder, { recursive: true });
  });

  const locks = () => readLocks(lockFolder(place));
  const state = () => readFileSync(join(place.folder, ".pulumi/stacks/p/s.json"), "utf8");
  async function ask(method: string, path: string, body?: unknown, authorization = `token ${token}`) {
    const answer = await fetch(`${update.env.PULUMI_BACKEND_URL}/api/${path}`, {
      method,
      headers: { authorization, ...(body instanceof Buffer ? { "content-encoding": "gzip" } : {}) },
      ...(body === undefined ? {} : { body: body instanceof Buffer ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }
  const begin = async () => {
    const { body } = await ask("POST", UPDATE, { config: {}, metadata });
    return { id: body.updateID, started: await ask("POST", `${UPDATE}/${body.updateID}`, { journalVersion: 1 }) };
  };

  test("answers nobody without its token, not even that there is a stack", async () => {
    for (const header of ["", "token ", "token wrong", `Bearer ${token}`]) {
      expect((await ask("GET", "stacks/organization/p/s/export", undefined, header)).status).toBe(401);
      expect((await ask("GET", "anything", undefined, header)).status).toBe(401);
    }
    expect((await ask("GET", "user", undefined, `update-token ${token}`)).status).toBe(200);
  });

  test("keeps its key from everybody but the engine", () => {
    expect(Object.values(update.env).join()).not.toContain(token);
    expect(token.length).toBeGreaterThan(30);
    expect(statSync(join(place.folder, "credentials/credentials.json")).mode & 0o777).toBe(0o600);
  });

  test("listens on loopback only", () => {
    expect(new URL(update.env.PULUMI_BACKEND_URL!).hostname).toBe("127.0.0.1");
  });

  test("gives an empty state as none, and knows no other stack, update or request", async () => {
    expect((await ask("GET", "stacks/organization/p/s")).body).toMatchObject({ stackName: "s" });
    expect(JSON.parse(state()).checkpoint.latest).toEqual({ manifest: {} });
    for (const path of ["stacks/organization/p/t", "stacks/organization/p/..%2F..%2Fs", "stacks/other/p/s", "orgs"]) {
      expect((await ask("GET", path)).status, path).toBe(404);
    }
    expect((await ask("POST", "stacks/organization/p/t/update", { metadata })).status).toBe(404);
    expect((await ask("DELETE", "stacks/organization/p/s")).status).toBe(404);
  });

  test("has every step on disk before it answers, packed or not, and makes them the state at the end", async () => {
    const { id, started } = await begin();
    expect(started).toMatchObject({ status: 200, body: { journalVersion: 1 } });
    const packed = gzipSync(JSON.stringify(step()));
    expect((await ask("PATCH", `${UPDATE}/${id}/journalentries`, packed)).status).toBe(200);
    expect(readFileSync(journalFile(place), "utf8")).toContain("urn:pulumi:s::p::t:T::x");
    expect(state()).toBe(STATE);
    const events = {
      events: [{ diagnosticEvent: { message: "secret" } }, { summaryEvent: { resourceChanges: { create: 1 } } }],
    };
    expect((await ask("POST", `${UPDATE}/${id}/events/batch`, events)).status).toBe(200);
    expect((await ask("POST", `${UPDATE}/${id}/renew_lease`, {})).body).toEqual({
      token: token,
    });
    expect((await ask("POST", `${UPDATE}/${id}/complete`, { status: "succeeded" })).status).toBe(200);
    expect(state()).toContain("urn:pulumi:s::p::t:T::x");
    expect(existsSync(journalFile(place))).toBe(false);
    const history = join(place.folder, ".pulumi/history/p/s");
    const [entry] = readdirSync(history).filter((name) => name.endsWith(".history.json"));
    expect(JSON.parse(readFileSync(join(history, entry!), "utf8"))).toMatchObject({
      kind: "update",
      message: "why",
      result: "succeeded",
      resourceChanges: { create: 1 },
    });
    // Asked again because the answer was lost.
    expect((await ask("POST", `${UPDATE}/${id}/complete`, { status: "succeeded" })).status).toBe(200);
    expect(readdirSync(history).length).toBe(2);
  });

  test("records what was done when the engine never says that it is over", async () => {
    const { id } = await begin();
    await ask("PATCH", `${UPDATE}/${id}/journalentries`, step());
    await update.close();
    expect(state()).toContain("urn:pulumi:s::p::t:T::x");
    expect(await locks()).toEqual([]);
  });

  test("stops as soon as somebody took its journal away: what it goes on to do would be in no state", async () => {
    const { id } = await begin();
    expect((await ask("PATCH", `${UPDATE}/${id}/journalentries`, step())).status).toBe(200);
    rmSync(journalFile(place));
    const refused = await ask("PATCH", `${UPDATE}/${id}/journalentries`, step());
    expect(refused).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining("took the update's journal away") },
    });
    expect((await ask("POST", `${UPDATE}/${id}/complete`, { status: "failed" })).status).toBe(500);
    await expect(update.close()).rejects.toThrow("took the update's journal away");
    expect(await locks()).toEqual([]);
    update = await openJournaledUpdate(place, join(place.folder, "others"));
  });

  test("tells again and again that the state was changed by somebody else", async () => {
    const { id } = await begin();
    await ask("PATCH", `${UPDATE}/${id}/journalentries`, step());
    writeFileSync(join(place.folder, ".pulumi/stacks/p/s.json"), `${STATE} `);
    for (let time = 0; time < 2; time++) {
      const refused = await ask("POST", `${UPDATE}/${id}/complete`, { status: "succeeded" });
      expect(refused).toMatchObject({
        status: 409,
        body: { message: expect.stringContaining("changed by somebody else") },
      });
    }
    await expect(update.close()).rejects.toThrow(JournalConflict);
    expect(state()).toBe(`${STATE} `);
    update = await openJournaledUpdate(place, join(place.folder, "others"));
  });

  test("ends once, however many want it to at the same moment", async () => {
    for (let round = 0; round < 20; round++) {
      const { id } = await begin();
      await ask("PATCH", `${UPDATE}/${id}/journalentries`, step());
      const completed = ask("POST", `${UPDATE}/${id}/complete`, { status: "succeeded" }).catch(() => undefined);
      if (round % 2 === 0) await completed;
      await update.close();
      await completed;
      expect(state()).toContain("urn:pulumi:s::p::t:T::x");
      expect(await locks()).toEqual([]);
      await open();
    }
  });

  test("begins nothing once it is over, and not under another name", async () => {
    const { id } = await begin();
    expect((await ask("POST", `${UPDATE}/${id}`, {})).status).toBe(422);
    expect((await ask("PATCH", `${UPDATE}/1/journalentries`, step())).status).toBe(404);
    await ask("POST", `${UPDATE}/${id}/complete`, { status: "succeeded" });
    expect((await ask("PATCH", `${UPDATE}/${id}/journalentries`, step())).status).toBe(422);
    expect((await ask("POST", `${UPDATE}/${id}`, {})).status).toBe(422);
  });

  test.each([
    ["a kind of entry that it does not know", step(10)],
    ["another version", step(1, 2)],
    ["no entries", {}],
  ])("refuses %s for good, before anything is begun", async (_, body) => {
    const { id } = await begin();
    const refused = await ask("PATCH", `${UPDATE}/${id}/journalentries`, body);
    expect(refused.status).toBe(422);
    expect(readFileSync(journalFile(place), "utf8").trim().split("\n").length).toBe(1);
  });

  test("refuses an engine that does not say which one it is", async () => {
    const { body } = await ask("POST", UPDATE, { metadata: { message: "", environment: {} } });
    expect((await ask("POST", `${UPDATE}/${body.updateID}`, {})).status).toBe(422);
    expect(existsSync(journalFile(place))).toBe(false);
  });

  test("holds the stack's lock, and gives way to another", async () => {
    expect(await locks()).toMatchObject([{ pid: process.pid }]);
    await expect(openJournaledUpdate(place, join(place.folder, "others"))).rejects.toThrow(StackLocked);
    expect((await locks()).length).toBe(1);
    await update.close();
    await takeLock(lockFolder(place));
    const refused = openJournaledUpdate(place, join(place.folder, "others"));
    await expect(refused).rejects.toThrow(`(pid ${process.pid})`);
    expect((await locks()).length).toBe(1);
  });
});
