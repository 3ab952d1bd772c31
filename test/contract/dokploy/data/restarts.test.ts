import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findRestarts } from "../../../../automation/domain/restarts.ts";
import { composeFile, contextTo, type Fixture, openFixture } from "../fixture.ts";

describe("a container that is not the process any more that an update left", () => {
  let fixture: Fixture;
  const web = { name: "web", composeFile: composeFile("web") };
  const up = () => fixture.engine.up(fixture.context, { services: [web] });
  const outputs = () => fixture.engine.outputs("web");

  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(async () => {
    await fixture.emulator.control.reset();
    fixture.containers.clearScripts();
    fixture.engine.forget();
    await up();
  });

  /** It ends once after some time and is up again, healthy, before anybody looks. */
  const crash = async () => {
    fixture.containers.script("platform-web", { outcome: "restarting", afterMs: 2_600, exitCode: 137, now: true });
    await sleep(3_900);
  };

  it("is kept with the outcome: id, start and count", async () => {
    const [row] = await fixture.dokploy.containers(outputs().appName);
    expect(outputs().containers).toEqual({
      "platform-web": { id: row?.containerId, startedAt: expect.stringMatching(/^\d{4}-.*Z$/), restarts: 0 },
    });
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
  });

  it("is found although it is well again, said once, and not deployed for it", { timeout: 30_000 }, async () => {
    const before = outputs().containers;
    await crash();
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual(["web.containers"]);
    // A look alone forgets nothing.
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual(["web.containers"]);
    const requests = await fixture.requests(async () => expect(await up()).toEqual({ web: { op: "same" } }));
    expect(requests).not.toHaveProperty("compose.deploy");
    expect(outputs()).toMatchObject({ deployed: true, drift: [] });
    expect(findRestarts(before, outputs().containers)).toMatchObject([{ container: "platform-web", times: 1 }]);
  });

  it("costs no request while the listing shows that nothing happened", async () => {
    const requests = await fixture.requests(() => fixture.engine.refresh(fixture.context, { preview: true }));
    expect(requests).toEqual({ "environment.one": 1, "compose.one": 1, "docker.getContainers": 1 });
  });

  it("is none where Docker does not say, and where an older release kept nothing", async () => {
    const { containers: _, ...older } = outputs();
    const silent = contextTo({ ...fixture.dokploy, container: async () => undefined });
    fixture.engine.load({ ...fixture.engine.save(), services: new Map([["web", stored(older)]]) });
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
    await fixture.engine.up(silent, { services: [{ ...web, composeFile: composeFile("web", "web:2") }] });
    expect(outputs()).toMatchObject({ deployed: true });
    expect(outputs()).not.toHaveProperty("containers");
  });

  it("is no finding when an update of ours made it anew", async () => {
    await fixture.engine.up(fixture.context, { services: [{ ...web, composeFile: composeFile("web", "web:2") }] });
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
  });

  function stored(newOutputs: object) {
    const service = fixture.engine.save().services.get("web");
    if (!service) throw new Error("no web");
    return { ...service, outputs: newOutputs as typeof service.outputs };
  }
});
