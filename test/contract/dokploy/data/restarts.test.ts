import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findRestarts } from "../../../../automation/domain/restarts.ts";
import { composeFile, contextTo, openPlace, type Place } from "../place.ts";

describe("a container that is not the process any more that an update left", () => {
  let place: Place;
  const web = { name: "web", composeFile: composeFile("web") };
  const up = () => place.engine.up(place.context, { services: [web] });
  const outputs = () => place.engine.outputs("web");

  beforeAll(async () => {
    place = await openPlace();
  });
  afterAll(() => place.close());
  beforeEach(async () => {
    await place.emulator.control.reset();
    place.containers.clearScripts();
    place.engine.forget();
    await up();
  });

  /** It ends once after some time and is up again, healthy, before anybody looks. */
  const crash = async () => {
    place.containers.script("platform-web", { outcome: "restarting", afterMs: 2_600, exitCode: 137, now: true });
    await sleep(3_900);
  };

  it("is kept with the outcome: id, start and count", async () => {
    const [row] = await place.dokploy.containers(outputs().appName);
    expect(outputs().containers).toEqual({
      "platform-web": { id: row?.containerId, startedAt: expect.stringMatching(/^\d{4}-.*Z$/), restarts: 0 },
    });
    expect(await place.engine.refresh(place.context, { preview: true })).toEqual([]);
  });

  it("is found although it is well again, said once, and not deployed for it", { timeout: 30_000 }, async () => {
    const before = outputs().containers;
    await crash();
    expect(await place.engine.refresh(place.context, { preview: true })).toEqual(["web.containers"]);
    // A look alone forgets nothing.
    expect(await place.engine.refresh(place.context, { preview: true })).toEqual(["web.containers"]);
    const requests = await place.requests(async () => expect(await up()).toEqual({ web: { op: "same" } }));
    expect(requests).not.toHaveProperty("compose.deploy");
    expect(outputs()).toMatchObject({ deployed: true, drift: [] });
    expect(findRestarts(before, outputs().containers)).toMatchObject([{ container: "platform-web", times: 1 }]);
  });

  it("costs no request while the listing shows that nothing happened", async () => {
    const requests = await place.requests(() => place.engine.refresh(place.context, { preview: true }));
    expect(requests).toEqual({ "environment.one": 1, "compose.one": 1, "docker.getContainersByAppNameMatch": 1 });
  });

  it("is none where Docker does not say, and where an older release kept nothing", async () => {
    const { containers: _, ...older } = outputs();
    const silent = contextTo({ ...place.dokploy, container: async () => undefined });
    place.engine.load({ ...place.engine.save(), services: new Map([["web", stored(older)]]) });
    expect(await place.engine.refresh(place.context, { preview: true })).toEqual([]);
    await place.engine.up(silent, { services: [{ ...web, composeFile: composeFile("web", "web:2") }] });
    expect(outputs()).toMatchObject({ deployed: true });
    expect(outputs()).not.toHaveProperty("containers");
  });

  it("is no finding when an update of ours made it anew", async () => {
    await place.engine.up(place.context, { services: [{ ...web, composeFile: composeFile("web", "web:2") }] });
    expect(await place.engine.refresh(place.context, { preview: true })).toEqual([]);
  });

  function stored(newOutputs: object) {
    const service = place.engine.save().services.get("web");
    if (!service) throw new Error("no web");
    return { ...service, outputs: newOutputs as typeof service.outputs };
  }
});
