import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { composeFile, contextTo, type Fixture, OWNER, openFixture } from "./fixture.ts";
import { createSmallEngine } from "./requests/small-engine.ts";

describe("a service that the state does not know but Dokploy has", () => {
  let fixture: Fixture;
  const web = { name: "web", composeFile: composeFile("web"), env: { PASSWORD: "a-secret-value" } };
  const up = (patch: object = {}) => fixture.engine.up(fixture.context, { services: [{ ...web, ...patch }] });

  /** A compose that somebody made by hand in the stack's environment. */
  async function byHand(name: string): Promise<string> {
    await fixture.engine.up(fixture.context, { services: [] });
    const environmentId = fixture.engine.environment()?.environmentId ?? "";
    const file = composeFile(name, "by-hand:1");
    const made = await fixture.dokploy.createCompose({
      name,
      environmentId,
      appName: name,
      description: "mine",
      composeFile: file,
    });
    return made.composeId;
  }

  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(async () => {
    await fixture.emulator.control.reset();
    fixture.engine.forget();
  });

  it("is found again by its marker, and not even deployed when all is well", async () => {
    await up({ domains: [{ host: "a.example.org", service: "web", port: 80 }] });
    const before = fixture.engine.outputs("web");
    fixture.engine.forget();
    const requests = await fixture.requests(() =>
      up({ domains: [{ host: "a.example.org", service: "web", port: 80 }] }),
    );
    expect(requests).not.toHaveProperty("compose.deploy");
    expect(requests).not.toHaveProperty("compose.update");
    expect(requests).not.toHaveProperty("compose.create");
    expect(fixture.engine.outputs("web")).toEqual(before);
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
  });

  it.each([
    ["the program says something else by now", async () => {}, { composeFile: composeFile("web", "web:2") }],
    [
      "its record was edited meanwhile",
      async (id: string) => void fixture.emulator.control.edit(id, { env: "A=1" }),
      {},
    ],
    [
      "its containers are not well",
      async () =>
        void fixture.emulator.control.addFault({ kind: "containers", service: "web", outcome: "exit", now: true }),
      {},
    ],
    ["somebody else deployed it last", async (id: string) => fixture.dokploy.deploy(id, "Manual deployment", ""), {}],
    ["its deployments were forgotten", async (id: string) => void (await fixture.dokploy.deleteCompose(id)), {}],
  ])("is deployed when %s", async (_, meanwhile, patch) => {
    await up();
    await meanwhile(fixture.engine.outputs("web").composeId);
    await fixture.emulator.control.idle();
    fixture.emulator.control.clearFaults();
    fixture.engine.forget();
    const requests = await fixture.requests(async () => expect(await up(patch)).toEqual({ web: { op: "create" } }));
    expect(requests).toMatchObject({ "compose.deploy": 1 });
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
  });

  it("is taken back when it was left running and the program has it again", async () => {
    await up({ retain: true });
    const { composeId } = fixture.engine.outputs("web");
    expect(await fixture.engine.up(fixture.context, { services: [] })).toEqual({ web: { op: "retain" } });
    expect(await up({ retain: true })).toEqual({ web: { op: "create" } });
    expect(fixture.engine.outputs("web").composeId).toBe(composeId);
  });

  it("is refused when somebody else made it, and left as it is", async () => {
    const composeId = await byHand("web");
    const before = await fixture.dokploy.compose(composeId);
    expect(await up()).toEqual({
      web: { op: "fail", reason: expect.stringContaining("config_invalid: Dokploy already has a compose web") },
    });
    expect(await fixture.dokploy.compose(composeId)).toEqual(before);
    expect(fixture.engine.has("web")).toBe(false);
  });

  it("is taken over on request, marker and all, and left to us from then on", async () => {
    const composeId = await byHand("web");
    expect(await up({ adopt: true })).toEqual({ web: { op: "create" } });
    expect(fixture.engine.outputs("web").composeId).toBe(composeId);
    fixture.engine.forget();
    expect(await up()).toEqual({ web: { op: "create" } });
  });

  it("that could not be taken over is not in the state, so that nothing can delete it", async () => {
    const composeId = await byHand("web");
    fixture.emulator.control.edit(composeId, { composeFile: `${web.composeFile}    labels: [a=b]\n` });
    expect(await up({ adopt: true })).toMatchObject({
      web: { op: "fail", reason: expect.stringContaining("definition of volume") },
    });
    expect(fixture.engine.has("web")).toBe(false);
  });

  it("of a copy of the platform with another key is a stranger's", async () => {
    await up();
    const copy = createSmallEngine({ ...OWNER, keyId: "f".repeat(16) });
    const result = await copy.up(fixture.context, { services: [web] });
    expect(result.web?.reason).toContain("belongs to platform/staging/web");
  });

  it("is refused when there are several", async () => {
    await up();
    const { composeId, environmentId } = fixture.engine.outputs("web");
    const { description } = await fixture.dokploy.compose(composeId);
    await fixture.dokploy.createCompose({
      name: "web",
      environmentId,
      appName: "web",
      description: description ?? "",
      composeFile: "",
    });
    fixture.engine.forget();
    await new Promise((resolve) => setImmediate(resolve));
    const result = await createSmallEngine(OWNER).up(contextTo(fixture.dokploy), { services: [web] });
    expect(result.web?.reason).toContain("2 composes for web carry the marker");
  });
});

describe("an environment", () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(async () => {
    await fixture.emulator.control.reset();
    fixture.engine.forget();
  });

  it("that exists is used and never deleted", async () => {
    const { project } = await fixture.dokploy.createProject({ name: "platform", description: "mine" });
    const { environmentId } = await fixture.dokploy.createEnvironment({
      name: "staging",
      projectId: project.projectId,
      description: "mine",
    });
    await fixture.engine.up(fixture.context, { services: [] });
    expect(fixture.engine.environment()?.environmentId).toBe(environmentId);
    await fixture.engine.destroy(fixture.context);
    expect((await fixture.dokploy.environment(environmentId)).name).toBe("staging");
  });

  it("that we made is deleted with its project, but not while something is left in it", async () => {
    await fixture.engine.up(fixture.context, {
      services: [{ name: "web", composeFile: composeFile("web"), retain: true }],
    });
    await fixture.engine.destroy(fixture.context);
    const [project] = await fixture.dokploy.projects();
    expect(project?.environments.map(({ name }) => name)).toContain("staging");
    await fixture.engine.up(fixture.context, { services: [{ name: "web", composeFile: composeFile("web") }] });
    await fixture.engine.destroy(fixture.context);
    expect(await fixture.dokploy.projects()).toEqual([]);
  });

  it("called production is the one that comes with the project", async () => {
    await fixture.engine.up(fixture.context, { name: "production", services: [] });
    const [project] = await fixture.dokploy.projects();
    expect(project?.environments.map(({ name }) => name)).toEqual(["production"]);
  });

  it("gets its name back when somebody renamed it", async () => {
    await fixture.engine.up(fixture.context, { services: [] });
    const { environmentId, projectId } = fixture.engine.environment() ?? { environmentId: "", projectId: "" };
    await fixture.dokploy.updateEnvironment({ environmentId, name: "renamed" });
    await fixture.dokploy.updateProject({ projectId, name: "renamed" });
    await fixture.engine.up(fixture.context, { services: [] });
    expect(await fixture.dokploy.environment(environmentId)).toMatchObject({
      name: "staging",
      project: { name: "platform" },
    });
  });

  it("of a stack that runs with another master key is refused before a write, unless that is meant", async () => {
    const services = [{ name: "web", composeFile: composeFile("web") }];
    await fixture.engine.up(fixture.context, { services });
    const owner = { ...OWNER, keyId: "f".repeat(16) };
    const requests = await fixture.requests(async () => {
      const refused = fixture.engine.up(fixture.context, { services, owner });
      await expect(refused).rejects.toThrow("PLATFORM_KEY is not the key that this stack was made with");
    });
    expect(Object.keys(requests).filter((name) => /create|update|delete|deploy$/.test(name))).toEqual([]);
    vi.stubEnv("DOCKMASTER_NEW_KEY", "1");
    try {
      const result = await fixture.engine.up(fixture.context, { services, owner });
      expect(result.web?.reason).toBeUndefined();
    } finally {
      vi.unstubAllEnvs();
    }
    expect(fixture.engine.outputs("web").owner).toEqual(owner);
  });

  it("is in one project, although two stacks made it at the same time", async () => {
    const stacks = ["staging", "qa", "demo"].map((stack) => ({
      stack,
      engine: createSmallEngine({ ...OWNER, stack }),
    }));
    await Promise.all(stacks.map(({ stack, engine }) => engine.up(fixture.context, { name: stack, services: [] })));
    const projects = await fixture.dokploy.projects();
    expect(projects).toHaveLength(1);
    expect(projects[0]?.environments.map(({ name }) => name).sort()).toEqual(["demo", "production", "qa", "staging"]);
  });

  it("is told from others of its name by its marker, in whatever project it is", async () => {
    await fixture.engine.up(fixture.context, { services: [] });
    const { environmentId, projectId } = fixture.engine.environment() ?? { environmentId: "", projectId: "" };
    const foreign = await fixture.dokploy.createProject({ name: "platform", description: "mine" });
    for (const project of [projectId, foreign.project.projectId]) {
      await fixture.dokploy.createEnvironment({ name: "staging", projectId: project, description: "mine" });
    }
    fixture.engine.forget();
    await fixture.engine.up(fixture.context, { services: [] });
    expect(fixture.engine.environment()).toMatchObject({ environmentId, projectId });
  });

  it("is made in the project that we made, when several have its name", async () => {
    await fixture.engine.up(fixture.context, { services: [] });
    const { environmentId, projectId } = fixture.engine.environment() ?? { environmentId: "", projectId: "" };
    await fixture.dokploy.createProject({ name: "platform", description: "mine" });
    await fixture.dokploy.removeEnvironment(environmentId);
    fixture.engine.forget();
    await fixture.engine.up(fixture.context, { services: [] });
    expect(fixture.engine.environment()?.projectId).toBe(projectId);
  });

  it("cannot be told when several projects have the name", async () => {
    await fixture.dokploy.createProject({ name: "platform", description: "" });
    await fixture.dokploy.createProject({ name: "platform", description: "" });
    await expect(fixture.engine.up(fixture.context, { services: [] })).rejects.toThrow(/2 projects called platform/);
  });
});
