import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestOf } from "../../../../../automation/journal/checkpoint.ts";
import { beginJournal } from "../../../../../automation/journal/journal-file.ts";
import { journalFile } from "../../../../../automation/journal/paths.ts";
import { lockFolder, removeLock, takeLock } from "../../../../../automation/state/locks.ts";
import { CliError } from "../../../../../cli/problem.ts";
import type { Checkout } from "../../../../../cli/stack/checkout.ts";
import { hasLeftover, recordLeftover } from "../../../../../cli/stack/run/leftover.ts";

const STATE = JSON.stringify({ version: 3, checkpoint: { stack: "organization/platform/staging", latest: {} } });
const STEP = JSON.stringify({
  entries: [{ version: 1, kind: 1, sequenceID: 1, operationID: 1, state: { urn: "urn:pulumi:x", type: "t:T" } }],
});

describe("what a runner's update left that was cut off", () => {
  let folder: string;
  let checkout: Checkout;
  let state: string;
  let journal: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "leftover-"));
    checkout = { folder } as Checkout;
    writeFileSync(join(folder, "Pulumi.yaml"), "name: platform\nruntime: nodejs\n");
    state = join(folder, ".pulumi/stacks/platform/staging.json");
    mkdirSync(join(state, ".."), { recursive: true });
    writeFileSync(state, STATE);
    journal = journalFile({ folder, project: "platform", stack: "staging" });
    const open = beginJournal(journal, { base: digestOf(STATE), engine: "v3.259.0", begun: "1700000000000000000" });
    open.add(STEP, false);
    open.close();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test.each<[string, () => NodeJS.ProcessEnv]>([
    ["the environment names", () => ({ PULUMI_BACKEND_URL: `file://${folder}`, PULUMI_HOME: "/nowhere" })],
    [
      "`pulumi login` noted",
      () => {
        writeFileSync(join(folder, "credentials.json"), JSON.stringify({ current: `file://${folder}` }));
        return { PULUMI_HOME: folder };
      },
    ],
  ])("is recorded in the backend that %s", async (_, env) => {
    expect(await hasLeftover(checkout, "staging", env())).toBe(true);
    expect(await hasLeftover(checkout, "production", env())).toBe(false);
    await recordLeftover(checkout, "staging", env());
    expect(readFileSync(state, "utf8")).toContain("urn:pulumi:x");
    expect(await hasLeftover(checkout, "staging", env())).toBe(false);
  });

  test("is none while that update is at work", async () => {
    const env = { PULUMI_BACKEND_URL: `file://${folder}` };
    const locks = lockFolder({ folder, project: "platform", stack: "staging" });
    const lock = await takeLock(locks);
    expect(await hasLeftover(checkout, "staging", env)).toBe(false);
    await recordLeftover(checkout, "staging", env);
    expect(existsSync(journal)).toBe(true);
    await removeLock(locks, lock);
    expect(await hasLeftover(checkout, "staging", env)).toBe(true);
  });

  test.each<[string, NodeJS.ProcessEnv]>([
    ["that is no folder", { PULUMI_BACKEND_URL: "s3://bucket" }],
    ["that nobody knows", { PULUMI_HOME: "/nowhere" }],
  ])("is none in a backend %s", async (_, env) => {
    expect(await hasLeftover(checkout, "staging", env)).toBe(false);
    await recordLeftover(checkout, "staging", env);
    expect(existsSync(journal)).toBe(true);
  });

  test("is told, and kept, when the state is another one by now", async () => {
    writeFileSync(state, `${STATE} `);
    const refused = await recordLeftover(checkout, "staging", { PULUMI_BACKEND_URL: `file://${folder}` }).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(CliError);
    const { code, hint } = refused as CliError;
    expect(code).toBe("journal_conflict");
    expect(hint).toContain(`${journal}.1700000000000000000`);
    expect(readFileSync(`${journal}.1700000000000000000`, "utf8")).toContain("urn:pulumi:x");
  });
});
