import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { RequestError } from "../../../../automation/errors.ts";
import { type Housed, startHousekeeping } from "../../../../automation/watch/housekeeping.ts";

const folder = mkdtempSync(join(tmpdir(), "dockmaster-housekeeping-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("stopping does not wait for a remote that does not answer", async () => {
  const asked = Promise.withResolvers<void>();
  const fetched = Promise.withResolvers<void>();
  const runner = {
    mirror: {
      fetch: () => {
        asked.resolve();
        return fetched.promise;
      },
      close: () => fetched.reject(new RequestError("git_unreachable")),
    },
    store: { newestAccepted: async () => ({ id: "1" }), prune: async () => {} },
    config: { dataDir: folder, backendUrl: `file://${folder}`, keepEventsMs: 1, keepRunsMs: 1 },
    log: { warn: () => {} },
    now: Date.now,
  };
  const housekeeping = startHousekeeping(runner as unknown as Housed, () => {});
  await asked.promise;
  expect(await housekeeping.stop()).toBeUndefined();
}, 5_000);
