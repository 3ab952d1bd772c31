import { describe, expect, test } from "vitest";
import type { Accepting } from "../../../../automation/accept/release-request.ts";
import { acceptSync } from "../../../../automation/accept/runs.ts";
import { rightsOf } from "../../../../automation/domain/rights.ts";
import type { RunRequest } from "../../../../automation/domain/run.ts";
import { createCatalogue } from "../../../../automation/git/catalogue.ts";
import type { Mirror } from "../../../../automation/git/mirror.ts";

const arrival = {
  requestId: "r",
  signature: { form: "plain" as const, rights: rightsOf("WEBHOOK_SECRET", { guarded: false }) },
};

/** A runner whose mirror has the stack's newest release only after `fetchesNeeded` fetches from now on. */
function runnerThatLacks(fetchesNeeded: number) {
  let fetches = 0;
  let fetchedAt = 1_000;
  const mirror = {
    fetch: async () => {
      fetches += 1;
      fetchedAt = 3_000;
    },
    fetchedAt: () => fetchedAt,
    branchHead: async () => "head",
    git: async () => "Pulumi.staging.yaml\0",
    readText: async () => (fetches >= fetchesNeeded ? "config: {}" : undefined),
    listFiles: async () => ["components/redis/compose.yaml"],
  } as unknown as Mirror;
  const store = {
    newestAccepted: async () => ({ id: "1", tag: "v1.0.1", commit: "c1" }),
    accept: async (row: RunRequest) => ({ run: row, duplicate: false }),
  };
  const config = { gitBranch: "main", preview: "main" as const };
  const runner = {
    mirror,
    store,
    catalogue: createCatalogue(mirror),
    config,
    now: () => 2_000,
    variables: { get: () => undefined },
  };
  return {
    runner: { ...runner, store: store as unknown as Accepting["store"] } satisfies Accepting,
    fetches: () => fetches,
  };
}

describe("a sync of named services", () => {
  const body = { env: "staging", triggered_by: "ada", services: ["redis"] };

  test("of a release that another runner accepted and this one has not fetched: fetched once, then known", async () => {
    const { runner, fetches } = runnerThatLacks(1);
    expect(await acceptSync(runner, body, arrival)).toMatchObject({ run: { commit: "c1", services: ["redis"] } });
    expect(fetches()).toBe(1);
  });

  test("of a release that is here asks nobody", async () => {
    const { runner, fetches } = runnerThatLacks(0);
    await acceptSync(runner, body, arrival);
    expect(fetches()).toBe(0);
  });

  test("of a release that nobody has any more is refused after one fetch", async () => {
    const { runner, fetches } = runnerThatLacks(9);
    await expect(acceptSync(runner, body, arrival)).rejects.toMatchObject({ code: "service_unknown" });
    expect(fetches()).toBe(1);
  });
});
