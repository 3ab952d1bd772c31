import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStack, type TestStack } from "./stack.ts";

const NAMES = ["a", "b", "c"];

describe("an engine that is killed while it writes a journal", { timeout: 240_000 }, () => {
  let stack: TestStack;
  beforeEach(async () => {
    // Each waits for the one before.
    stack = await openStack({ DELAY: "1000" });
    const things = NAMES.map((name, index) => ({
      name,
      value: "1",
      secret: `secret-of-${name}`,
      needs: NAMES.slice(0, index),
    }));
    stack.says({ groups: [], things });
  });
  afterEach(() => stack.close());

  let written = "";
  const killAt = async (line: string) => {
    const { code } = await stack.journaled([], async (engine) => {
      await until(() => stack.log().includes(line));
      written = readFileSync(join(stack.folder, ".pulumi/journals/journal/test.jsonl"), "utf8");
      engine.kill("SIGKILL");
    });
    expect(code).toBeNull();
  };
  const latest = () =>
    (stack.state() as { checkpoint: { latest: Record<string, { urn: string }[]> } }).checkpoint.latest;
  const names = (resources: { urn: string }[] = []) =>
    resources.flatMap(({ urn }) => (urn.includes("journal:Thing") ? [urn.split("::").at(-1)] : []));

  it("forgets nothing and tells no secret: what was done is in the state, what was under way is pending there, and no lock or journal is left", async () => {
    await killAt("write b-1");
    expect(written).toContain('"ciphertext"');
    expect(written).not.toContain("secret-of-");
    expect(names(latest().resources)).toEqual(["a"]);
    const pending = latest().pending_operations as unknown as { type: string; resource: { urn: string } }[];
    expect(pending.map(({ type, resource }) => [type, ...names([resource])])).toEqual([["creating", "b"]]);
    expect(stack.disorder()).toEqual([]);
    for (const left of ["locks/organization/journal/test", "journals/journal"]) {
      const folder = join(stack.folder, ".pulumi", left);
      expect(existsSync(folder) && readdirSync(folder)).toEqual([]);
    }

    const { code, text } = await stack.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates");
    expect(code, text).toBe(0);
    expect(await stack.journaled()).toMatchObject({ code: 0 });
    expect(names(latest().resources).sort()).toEqual(NAMES);
    expect(stack.log().filter((line) => line === "write a-1").length).toBe(1);
  });

  it("again and again, comes to its end", async () => {
    for (const name of NAMES) {
      await killAt(`write ${name}-1`);
      expect((await stack.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates")).code).toBe(0);
    }
    expect(await stack.journaled()).toMatchObject({ code: 0 });
    expect(names(latest().resources).sort()).toEqual(NAMES);
    expect(stack.disorder()).toEqual([]);
    const look = await stack.run("preview", "--refresh", "--expect-no-changes");
    expect(look.code, look.text).toBe(0);
  });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("it never came to that");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
