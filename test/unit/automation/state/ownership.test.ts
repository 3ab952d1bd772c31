import {
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { lendState, takeAllBack, takeStateBack } from "../../../../automation/state/ownership.ts";

/** How many changes of an owner are made yet before this process is as good as killed. */
const life = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY }));

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const lchown: typeof real.lchown = async (...words) => {
    if (life.left <= 0) throw new Error("killed");
    life.left -= 1;
    await real.lchown(...words);
  };
  return { ...real, lchown };
});

const USERS = [32_500, 32_501, 32_502];
const [, FIRST = 0, SECOND = 0] = USERS;

describe.skipIf(process.getuid?.() !== 0)("a state that a run was lent", () => {
  let folder: string;
  const place = () => ({ folder, project: "platform", stack: "staging" });
  const states = () => join(folder, ".pulumi/stacks/platform");
  const kinds = ["history", "backups", "locks/organization"];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dockmaster-states-"));
    life.left = Number.POSITIVE_INFINITY;
    mkdirSync(states(), { recursive: true });
    for (const name of ["staging.json", "staging.json.bak"]) writeFileSync(join(states(), name), name);
    for (const kind of kinds) {
      const path = join(folder, ".pulumi", kind, "platform/staging");
      mkdirSync(path, { recursive: true });
      for (const name of ["a.json", "b.json"]) writeFileSync(join(path, name), kind);
    }
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const owners = () =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => lstatSync(join(folder, name)).uid);
  const expectWhole = () => {
    for (const name of ["staging.json", "staging.json.bak"]) {
      expect(readFileSync(join(states(), name), "utf8")).toBe(name);
    }
    for (const kind of kinds) {
      const path = join(folder, ".pulumi", kind, "platform/staging");
      expect(readdirSync(path).map((name) => readFileSync(join(path, name), "utf8"))).toEqual([kind, kind]);
    }
  };
  /** Does it again and again, each time killed one step later; answers how often. */
  const killEverywhere = async (act: () => Promise<void>, then: () => Promise<void>) => {
    for (let steps = 0; ; steps += 1) {
      life.left = steps;
      const isDone = await act().then(
        () => true,
        () => false,
      );
      life.left = Number.POSITIVE_INFINITY;
      await then();
      if (isDone) return steps;
    }
  };
  /** What the worker does when it starts again, and the next run as another user. */
  const goOn = async () => {
    await takeAllBack(folder);
    for (const name of readdirSync(states())) expect(lstatSync(join(states(), name)).uid, name).toBe(0);
    await lendState(place(), SECOND, USERS);
    expectWhole();
    await takeStateBack(place(), SECOND);
    expectWhole();
    expect(new Set(owners())).toEqual(new Set([0]));
  };

  test("is lost nowhere when the worker is killed while it lends it", async () => {
    expect(await killEverywhere(() => lendState(place(), FIRST, USERS), goOn)).toBeGreaterThan(8);
  });

  test("is lost nowhere when the worker is killed while it takes it back", async () => {
    const act = async () => {
      const { left } = life;
      life.left = Number.POSITIVE_INFINITY;
      await lendState(place(), FIRST, USERS);
      life.left = left;
      await takeStateBack(place(), FIRST);
    };
    expect(await killEverywhere(act, goOn)).toBeGreaterThan(8);
  });

  test("is taken back from a user that the worker does not have any more", async () => {
    await lendState(place(), 31_999, [31_998, 31_999]);
    await goOn();
  });

  test("is taken back at the next run when the last one could not", async () => {
    await lendState(place(), FIRST, USERS);
    await lendState(place(), SECOND, USERS);
    await takeStateBack(place(), SECOND);
    expectWhole();
    expect(new Set(owners())).toEqual(new Set([0]));
  });

  test("is not taken for one that a run made in advance when somebody else put it there", async () => {
    chownSync(join(states(), "staging.json"), 1000, 1000);
    await lendState(place(), FIRST, USERS);
    await takeStateBack(place(), FIRST);
    await goOn();
  });

  test("is not what a run of another stack made in advance", async () => {
    rmSync(join(states(), "staging.json"));
    writeFileSync(join(states(), "staging.json"), "planted");
    chownSync(join(states(), "staging.json"), SECOND, SECOND);
    await lendState(place(), FIRST, USERS);
    expect(readdirSync(states())).toEqual(["staging.json.bak"]);
  });
});
