import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { parseMarker } from "../../../components/dokploy/api/marker.ts";
import { composeFile, type Fixture, OWNER, openFixture, running } from "./fixture.ts";
import { createSmallEngine, type SmallEngine } from "./requests/small-engine.ts";

describe("a service that another stack took over", () => {
  let fixture: Fixture;
  let other: SmallEngine;
  const web = { name: "web", composeFile: composeFile("web"), env: { PASSWORD: "ours" } };
  const theirs = { ...web, env: { PASSWORD: "theirs" }, adopt: true };
  const changed = { ...web, env: { PASSWORD: "ours again" } };
  const up = (patch: object = {}) => fixture.engine.up(fixture.context, { services: [{ ...changed, ...patch }] });
  const password = async () => (await running(fixture.containers, "platform-web")).env?.PASSWORD;
  const refresh = () => fixture.engine.refresh(fixture.context);

  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(async () => {
    await fixture.emulator.control.reset();
    fixture.engine.forget();
    await fixture.engine.up(fixture.context, { services: [web] });
    other = createSmallEngine({ ...OWNER, stack: "other" });
    await other.up(fixture.context, { services: [theirs] });
    const said = vi.spyOn(console, "log").mockImplementation(() => {});
    return () => said.mockRestore();
  });

  it.each([false, true])("is not overwritten by an update (after a refresh: %s)", async (refreshed) => {
    const requests = await fixture.requests(async () => {
      if (refreshed) await refresh();
      const result = await fixture.engine.up(fixture.context, { services: [changed] }, { refresh: false });
      expect(result.web?.reason).toMatch(
        /^config_invalid: the compose of web \(.+\) belongs to platform\/other\/web by now \(remove it from this stack's state .+ adopt: true\)/,
      );
    });
    expect(requests).not.toHaveProperty("compose.update");
    expect(await password()).toBe("theirs");
  });

  it("is taken back on request", async () => {
    expect(await up({ adopt: true })).toEqual({ web: { op: "update" } });
    expect(parseMarker((await fixture.live("web")).description)).toMatchObject(OWNER);
    expect(await password()).toBe("ours again");
  });

  it.each([false, true])("is left running by a deletion, which says so (after a refresh: %s)", async (refreshed) => {
    if (refreshed) await refresh();
    const requests = await fixture.requests(() => fixture.engine.destroy(fixture.context));
    expect(requests).not.toHaveProperty("compose.delete");
    expect(await password()).toBe("theirs");
    expect(vi.mocked(console.log).mock.calls.flat()).toEqual([
      "web belongs to platform/other/web by now: it is left running, and only forgotten here",
    ]);
    expect(await other.up(fixture.context, { services: [theirs] })).toEqual({ web: { op: "same" } });
  });

  it("is ours again when nobody's marker is on it", async () => {
    const { composeId, appName } = fixture.engine.outputs("web");
    fixture.emulator.control.edit(composeId, { description: "by hand" });
    expect(await up()).toEqual({ web: { op: "update" } });
    fixture.emulator.control.edit(composeId, { description: "by hand" });
    await fixture.engine.destroy(fixture.context);
    expect(await fixture.containers.list(appName)).toEqual([]);
    await expect(fixture.dokploy.compose(composeId)).rejects.toMatchObject({ kind: "not-found" });
  });
});

describe("a service whose marker has another key", () => {
  let fixture: Fixture;
  const web = { name: "web", composeFile: composeFile("web") };
  const owner = { ...OWNER, keyId: "f".repeat(16) };

  beforeEach(async () => {
    fixture = await openFixture();
    await fixture.engine.up(fixture.context, { services: [web] });
    const { composeId } = fixture.engine.outputs("web");
    const description = (await fixture.live("web")).description ?? "";
    fixture.emulator.control.edit(composeId, { description: description.replace(OWNER.keyId, owner.keyId) });
    return async () => {
      vi.unstubAllEnvs();
      await fixture.close();
    };
  });

  it("is a stranger's, which is said", async () => {
    const result = await fixture.engine.up(fixture.context, { services: [{ ...web, env: { A: "1" } }] });
    expect(result.web?.reason).toContain("belongs to platform/staging/web by now, made with another PLATFORM_KEY");
  });

  it("is ours while the key is changed on purpose, also when an earlier run was cut off", async () => {
    vi.stubEnv("DOCKMASTER_NEW_KEY", "1");
    expect(await fixture.engine.up(fixture.context, { services: [{ ...web, env: { A: "1" } }] })).toEqual({
      web: { op: "update" },
    });
  });

  it("is deleted while the key is changed on purpose", async () => {
    vi.stubEnv("DOCKMASTER_NEW_KEY", "1");
    const { composeId } = fixture.engine.outputs("web");
    await fixture.engine.destroy(fixture.context);
    await expect(fixture.dokploy.compose(composeId)).rejects.toMatchObject({ kind: "not-found" });
  });
});
