import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { parseMarker } from "../../../components/dokploy/api/marker.ts";
import { composeFile, OWNER, openPlace, type Place, running } from "./place.ts";
import { createSmallEngine, type SmallEngine } from "./requests/small-engine.ts";

describe("a service that another stack took over", () => {
  let place: Place;
  let other: SmallEngine;
  const web = { name: "web", composeFile: composeFile("web"), env: { PASSWORD: "ours" } };
  const theirs = { ...web, env: { PASSWORD: "theirs" }, adopt: true };
  const changed = { ...web, env: { PASSWORD: "ours again" } };
  const up = (patch: object = {}) => place.engine.up(place.context, { services: [{ ...changed, ...patch }] });
  const password = async () => (await running(place.containers, "platform-web")).env?.PASSWORD;
  const refresh = () => place.engine.refresh(place.context);

  beforeAll(async () => {
    place = await openPlace();
  });
  afterAll(() => place.close());
  beforeEach(async () => {
    await place.emulator.control.reset();
    place.engine.forget();
    await place.engine.up(place.context, { services: [web] });
    other = createSmallEngine({ ...OWNER, stack: "other" });
    await other.up(place.context, { services: [theirs] });
    const said = vi.spyOn(console, "log").mockImplementation(() => {});
    return () => said.mockRestore();
  });

  it.each([false, true])("is not overwritten by an update (after a refresh: %s)", async (refreshed) => {
    const requests = await place.requests(async () => {
      if (refreshed) await refresh();
      const result = await place.engine.up(place.context, { services: [changed] }, { refresh: false });
      expect(result.web?.reason).toMatch(
        /^config_invalid: the compose of web \(.+\) belongs to platform\/other\/web by now \(remove it from this stack's state .+ adopt: true\)/,
      );
    });
    expect(requests).not.toHaveProperty("compose.update");
    expect(await password()).toBe("theirs");
  });

  it("is taken back on request", async () => {
    expect(await up({ adopt: true })).toEqual({ web: { op: "update" } });
    expect(parseMarker((await place.live("web")).description)).toMatchObject(OWNER);
    expect(await password()).toBe("ours again");
  });

  it.each([false, true])("is left running by a deletion, which says so (after a refresh: %s)", async (refreshed) => {
    if (refreshed) await refresh();
    const requests = await place.requests(() => place.engine.destroy(place.context));
    expect(requests).not.toHaveProperty("compose.delete");
    expect(await password()).toBe("theirs");
    expect(vi.mocked(console.log).mock.calls.flat()).toEqual([
      "web belongs to platform/other/web by now: it is left running, and only forgotten here",
    ]);
    expect(await other.up(place.context, { services: [theirs] })).toEqual({ web: { op: "same" } });
  });

  it("is ours again when nobody's marker is on it", async () => {
    const { composeId, appName } = place.engine.outputs("web");
    place.emulator.control.edit(composeId, { description: "by hand" });
    expect(await up()).toEqual({ web: { op: "update" } });
    place.emulator.control.edit(composeId, { description: "by hand" });
    await place.engine.destroy(place.context);
    expect(await place.containers.list(appName)).toEqual([]);
    await expect(place.dokploy.compose(composeId)).rejects.toMatchObject({ kind: "not-found" });
  });
});

describe("a service whose marker has another key", () => {
  let place: Place;
  const web = { name: "web", composeFile: composeFile("web") };
  const owner = { ...OWNER, keyId: "f".repeat(16) };

  beforeEach(async () => {
    place = await openPlace();
    await place.engine.up(place.context, { services: [web] });
    const { composeId } = place.engine.outputs("web");
    const description = (await place.live("web")).description ?? "";
    place.emulator.control.edit(composeId, { description: description.replace(OWNER.keyId, owner.keyId) });
    return async () => {
      vi.unstubAllEnvs();
      await place.close();
    };
  });

  it("is a stranger's, which is said", async () => {
    const result = await place.engine.up(place.context, { services: [{ ...web, env: { A: "1" } }] });
    expect(result.web?.reason).toContain("belongs to platform/staging/web by now, made with another PLATFORM_KEY");
  });

  it("is ours while the key is changed on purpose, also when an earlier run was cut off", async () => {
    vi.stubEnv("DOCKMASTER_NEW_KEY", "1");
    expect(await place.engine.up(place.context, { services: [{ ...web, env: { A: "1" } }] })).toEqual({
      web: { op: "update" },
    });
  });

  it("is deleted while the key is changed on purpose", async () => {
    vi.stubEnv("DOCKMASTER_NEW_KEY", "1");
    const { composeId } = place.engine.outputs("web");
    await place.engine.destroy(place.context);
    await expect(place.dokploy.compose(composeId)).rejects.toMatchObject({ kind: "not-found" });
  });
});
