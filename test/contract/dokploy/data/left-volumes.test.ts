import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clearVolumes, findVolumes } from "../../../../cli/stack/remove/clear-volumes.ts";
import { createDockerContainers } from "../../../../emulator/containers/docker.ts";
import { whyNoDocker } from "../../../docker.ts";
import { composeFile, contextTo, type Fixture, openFixture, QUICK } from "../fixture.ts";

const missing = await whyNoDocker("busybox:1.36");
if (missing !== undefined && process.env.REQUIRE_DOCKER === "1")
  test("has the Docker that REQUIRE_DOCKER=1 asks for", () => {
    throw new Error(missing);
  });

const hosts = [
  { title: "simulated containers", skip: false, options: () => ({}) },
  { title: "real containers", skip: missing !== undefined, options: () => ({ containers: createDockerContainers() }) },
];

describe.each(hosts)("a service's volumes, with $title", ({ skip, options }) => {
  describe.skipIf(skip)(missing && skip ? `(${missing})` : "", { timeout: 120_000 }, () => {
    const id = `w${randomBytes(4).toString("hex")}`;
    const volume = `platform-${id}-data`;
    const owners = { service: id, suffix: "", planned: {}, inText: [] };
    let fixture: Fixture;

    beforeAll(async () => {
      fixture = await openFixture(options());
    });
    afterAll(async () => {
      await clearVolumes(fixture.dokploy, [volume]);
      await fixture.close();
    });

    const text = composeFile(id, "busybox:1.36").replace(
      "    restart: unless-stopped\n",
      "    init: true\n    command: [sleep, '1000']\n",
    );
    /** Another project on Dokploy each time, as after a deletion by hand. Answers its id. */
    const make = async (): Promise<string> => {
      fixture.engine.forget();
      const context = contextTo(fixture.dokploy, { timing: { ...QUICK, lost: 5_000, unseen: 5_000 } });
      const result = await fixture.engine.up(context, { services: [{ name: id, composeFile: text, waitTimeout: 30 }] });
      expect(result[id]?.reason).toBeUndefined();
      return fixture.engine.outputs(id).composeId;
    };

    test("one that stays after `down --volumes`, because another project made it, is found by name and removed", async () => {
      await fixture.dokploy.deleteCompose(await make(), { volumes: false });
      expect(await findVolumes(fixture.dokploy, owners)).toEqual({ there: [volume], unseen: [], shared: [] });
      await fixture.dokploy.deleteCompose(await make(), { volumes: true });
      expect(await findVolumes(fixture.dokploy, owners)).toMatchObject({ there: [volume] });
      expect(await clearVolumes(fixture.dokploy, [volume])).toEqual({ removed: [volume], left: [] });
      expect(await findVolumes(fixture.dokploy, owners)).toMatchObject({ there: [] });
    });

    test("one in use is left and told; one that is gone already is gone", async () => {
      const composeId = await make();
      expect(await clearVolumes(fixture.dokploy, [volume, `${volume}-no`])).toEqual({
        removed: [`${volume}-no`],
        left: [{ name: volume, why: expect.stringMatching(/^is still there: .*volume is in use/) }],
      });
      await fixture.dokploy.deleteCompose(composeId, { volumes: true });
      expect(await clearVolumes(fixture.dokploy, [volume])).toEqual({ removed: [volume], left: [] });
    });
  });
});
