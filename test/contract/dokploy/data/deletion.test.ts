import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { DokployError, type DokployErrorKind } from "../../../../components/dokploy/api/errors.ts";
import type { ContainerRow } from "../../../../components/dokploy/api/schema.ts";
import { composeFile, contextTo, type Fixture, openFixture } from "../fixture.ts";

describe("the deletion of a service", () => {
  let fixture: Fixture;
  const web = { name: "web", composeFile: composeFile("web") };
  const left: ContainerRow = { containerId: "1", name: "platform-web", state: "running", status: "Up 1 minute" };
  const gone = async (): Promise<ContainerRow[]> => [];

  /** A server whose containers are these, look by look; the last for ever. */
  function seeing(...looks: (() => Promise<ContainerRow[]>)[]) {
    let asked = 0;
    const containers = () => (looks[Math.min(asked++, looks.length - 1)] ?? gone)();
    return { context: contextTo({ ...fixture.dokploy, containers }), asked: () => asked };
  }

  const silent = (kind: DokployErrorKind) => () => Promise.reject(new DokployError(kind, "no", "none"));
  const remove = (context = fixture.context) => fixture.engine.up(context, { services: [] }, { refresh: false });

  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(async () => {
    await fixture.emulator.control.reset();
    fixture.engine.forget();
    await fixture.engine.up(fixture.context, { services: [web] });
    const said = vi.spyOn(console, "log").mockImplementation(() => {});
    return () => said.mockRestore();
  });

  it("looks once more when all is gone", async () => {
    const requests = await fixture.requests(() => remove());
    expect(requests).toEqual({ "compose.one": 1, "compose.delete": 1, "docker.getContainersByAppNameMatch": 1 });
    expect(fixture.engine.has("web")).toBe(false);
  });

  it("waits for containers that are still being stopped", async () => {
    const { context, asked } = seeing(
      async () => [left],
      async () => [left],
      gone,
    );
    await remove(context);
    expect(asked()).toBe(3);
    expect(fixture.engine.has("web")).toBe(false);
  });

  it("fails when containers stay, and succeeds when they are gone the next time", async () => {
    const { appName } = fixture.engine.outputs("web");
    const { context } = seeing(async () => [left]);
    await expect(remove(context)).rejects.toThrow(
      `deployment_failed: Dokploy deleted web but not its containers: platform-web (running) (run docker compose -p ${appName} down on the server`,
    );
    expect(fixture.engine.has("web")).toBe(true);
    await expect(remove(context)).rejects.toThrow("but not its containers");
    expect(fixture.engine.has("web")).toBe(true);
    await remove();
    expect(fixture.engine.has("web")).toBe(false);
  });

  it("that left containers is spoken of by the refresh that forgets the service", async () => {
    const other = { name: "other", composeFile: composeFile("other") };
    await fixture.engine.up(fixture.context, { services: [web, other] });
    const { appName, composeId } = fixture.engine.outputs("web");
    await fixture.dokploy.deleteCompose(composeId);
    await fixture.engine.refresh(seeing(gone).context, { preview: true });
    expect(console.log).not.toHaveBeenCalled();
    const containers = async (asked: string) => (asked === appName ? [left] : fixture.dokploy.containers(asked));
    await fixture.engine.refresh(contextTo({ ...fixture.dokploy, containers }));
    expect(fixture.engine.has("web")).toBe(false);
    expect(vi.mocked(console.log).mock.calls.flat()).toEqual([
      `web is gone from Dokploy, but its containers are not (platform-web (running)): run docker compose -p ${appName} down on the server (volumes stay)`,
    ]);
  });

  it("fails for containers that Dokploy forgot with their project", async () => {
    await fixture.dokploy.removeProject(fixture.engine.environment()?.projectId ?? "");
    await expect(fixture.engine.destroy(fixture.context)).rejects.toThrow(
      "but not its containers: platform-web (running)",
    );
    const { appName } = fixture.engine.outputs("web");
    await fixture.containers.down(appName, "", false);
    await fixture.engine.destroy(fixture.context);
    expect(fixture.engine.environment()).toBeUndefined();
  });

  it.each(["transient", "limited-key"] as const)("is repeated when nobody could look now (%s)", async (kind) => {
    await expect(remove(seeing(silent(kind)).context)).rejects.toThrow("no (none)");
    expect(fixture.engine.has("web")).toBe(true);
    await remove();
    expect(fixture.engine.has("web")).toBe(false);
  });

  it.each(["permission", "unknown", "validation"] as const)(
    "is done, with a word, when the server will never say (%s)",
    async (kind) => {
      await remove(seeing(silent(kind)).context);
      expect(fixture.engine.has("web")).toBe(false);
      expect(String(vi.mocked(console.log).mock.calls)).toMatch(/does not say whether its containers are gone/);
    },
  );
});
