import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { askForFullChecks } from "../../../../automation/accept/ask-full-checks.ts";
import { openStore } from "../../../../automation/store/open.ts";
import type { KeptLeft } from "../../../../automation/store/store.ts";
import { commit, mustClaim, request, T0 } from "../../../contract/store/requests.ts";

const DAY = 24 * 3_600_000;
const version = "1.0.0";

test("an engine checks the release that a stack has, once a day, whatever waits to come", async () => {
  const folder = mkdtempSync(join(tmpdir(), "full-checks-"));
  const store = await openStore(`sqlite:${join(folder, "store.db")}`);
  try {
    const { run } = await store.accept(request({ tag: "v1.0.1", commit: commit("a") }), T0);
    const { lease } = await mustClaim(store, "one", T0);
    const left = { format: 1, settings: "s", state: null, resources: [] };
    const kept: KeptLeft = {
      ...{ stack: run.stack, run: run.id, keptAt: T0, commit: run.commit, program: "p", left, services: [] },
      checked: { at: T0, version },
    };
    await store.transition(run.id, "succeed", {}, T0, lease, [], kept);
    await store.release(lease, T0);
    await store.hold({ stack: run.stack, by: "ada", reason: "a holiday", until: null }, T0, () => []);
    await store.accept(request({ tag: "v1.0.2", commit: commit("b") }), T0 + 1);

    const ask = (now: number) => askForFullChecks({ store, version, now: () => now });
    expect(await ask(T0 + DAY - 1)).toEqual([]);
    expect(await ask(T0 + DAY)).toMatchObject([
      { kind: "drift", tag: "v1.0.1", commit: commit("a"), full: true, triggeredBy: "watch" },
    ]);
    expect(await ask(T0 + DAY + 1)).toEqual([]);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
});
