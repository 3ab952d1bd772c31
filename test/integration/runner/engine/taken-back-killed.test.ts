import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunView } from "../../../../automation/api/views.ts";
import { openStore } from "../../../../automation/store/open.ts";
import { type Harness, startHarness } from "../harness.ts";
import { until } from "../until.ts";

const SETTINGS = "config:\n  platform:suffix: -staging\n  platform:services: [postgres, redis]\n";

describe("a runner that is killed while a release is taken back", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({}, { apart: true });
    harness.origin.release("v1.0.2", {
      "Pulumi.staging.yaml": `${SETTINGS}  promotion:watch: 1h\n  promotion:onTrouble: rollback\n`,
    });
  }, 120_000);
  afterAll(() => harness.stop());

  const store = () => openStore(`sqlite:${join(harness.folder, "data", "dockmaster.db")}`);
  const runs = async () => (await harness.send("GET", "/runs?env=staging")).body.runs as RunView[];
  const returns = async () => (await runs()).filter(({ rollback }) => rollback);

  test.each([0, 150, 600, 2_000])(
    "%i ms after the update failed: it goes back once, and is held once",
    async (ms) => {
      const { body: good } = await harness.deploy("staging", "v1.0.2", { rollback: true }, { form: "v2" });
      expect(good.status).toBe("success");
      // Nobody looks at these files: it is said to be confirmed.
      const direct = await store();
      const { run = "", state = "begun" } = (await direct.newestConfirmation("staging")) ?? {};
      await direct.settle({ run, from: state, to: "confirmed" }, Date.now());
      const before = (await returns()).length;

      const tag = `v1.1.${ms}`;
      harness.origin.release(tag, { "env.json": JSON.stringify({ redis: { TAG: tag } }) });
      harness.script("staging/redis", { fail: "unhealthy: redis is not well" });
      const { body: bad } = await harness.deploy("staging", tag, {}, { waitSeconds: 0, form: "v2" });
      await until("the update fails", 120_000, async () => (await direct.run(String(bad.run)))?.state === "failed");
      await new Promise((resolve) => setTimeout(resolve, ms));
      await harness.runner.kill();
      harness.script("staging/redis", null);
      await harness.restart();

      await until("it is back", 120_000, async () => {
        // One answer: between two it may have begun.
        const all = await returns();
        return all.length > before && all[0]?.finished_at !== null;
      });
      const [back] = await returns();
      expect(back).toMatchObject({ state: "succeeded", tag: "v1.0.2", triggered_by: "watch" });
      expect(await returns()).toHaveLength(before + 1);
      const holds = await direct.holds(Date.now(), "staging");
      expect(holds).toMatchObject([{ by: "dockmaster", takenBack: { run: bad.run, tag } }]);
      await direct.endHold(holds[0]?.id ?? "", "test", Date.now(), () => []);
      await direct.close();
    },
    300_000,
  );
});
