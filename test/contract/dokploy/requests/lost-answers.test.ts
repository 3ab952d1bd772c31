import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { FaultInput } from "../../../../emulator/faults/fault.ts";
import { composeFile, type Fixture, openFixture } from "../fixture.ts";

type Trouble = "drop-after" | "drop-before" | "html" | "error";

describe("when Dokploy does not answer", () => {
  let fixture: Fixture;
  const domain = { host: "web.example.org", service: "web", port: 80 };
  const web = { name: "web", composeFile: composeFile("web"), env: { PASSWORD: "a-secret-value" }, domains: [domain] };
  const up = (patch: object = {}) => fixture.engine.up(fixture.context, { services: [{ ...web, ...patch }] });
  const strike = (kind: Trouble, procedure: string, times: number | "always" = 1) =>
    fixture.emulator.control.addFault({ kind, procedure, times } as FaultInput);

  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(async () => {
    await fixture.emulator.control.reset();
    fixture.engine.forget();
  });

  async function everything() {
    const [project, ...more] = await fixture.dokploy.projects();
    const environments = project?.environments.filter(({ name }) => name === "staging") ?? [];
    const services = environments.flatMap(({ compose }) => compose as { composeId: string }[]);
    return { projects: more.length + 1, environments: environments.length, services };
  }

  const TROUBLES: Trouble[] = ["drop-after", "drop-before", "html", "error"];
  const WRITES = [
    "project.create",
    "environment.create",
    "compose.create",
    "compose.update",
    "domain.create",
    "compose.deploy",
  ];
  const first = WRITES.flatMap((procedure) => TROUBLES.map((kind) => [procedure, kind] as const));

  it.each(first)("to %s (%s), nothing is made twice and the next update ends well", async (procedure, kind) => {
    strike(kind, procedure);
    await up().catch(() => undefined);
    expect((await up()).web?.op).toMatch(/create|update|same/);

    const { projects, environments, services } = await everything();
    expect([projects, environments, services.length]).toEqual([1, 1, 1]);
    const record = await fixture.live("web");
    expect(record.domains).toHaveLength(1);
    expect(record).toMatchObject({ composeFile: web.composeFile, env: "PASSWORD=a-secret-value\n", autoDeploy: false });
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
    expect(await up()).toEqual({ web: { op: "same" } });
  });

  it.each(["drop-after"] as const)(
    "only the answer to every first write is missing, one update is enough (%s)",
    async (kind) => {
      for (const procedure of WRITES) strike(kind, procedure);
      expect(await up()).toEqual({ web: { op: "create" } });
      expect((await everything()).services).toHaveLength(1);
    },
  );

  const CHANGES = ["compose.update", "domain.create", "domain.update", "domain.delete", "compose.deploy"];
  const later = CHANGES.flatMap((procedure) => TROUBLES.map((kind) => [procedure, kind] as const));

  it.each(later)("to %s (%s) in an update, the next update ends in what the program says", async (procedure, kind) => {
    await up({ domains: [domain, { ...domain, host: "old.example.org" }] });
    const said = {
      composeFile: composeFile("web", "web:2"),
      domains: [
        { ...domain, port: 81 },
        { ...domain, host: "new.example.org" },
      ],
    };
    strike(kind, procedure);
    await up(said).catch(() => undefined);
    expect((await up(said)).web?.op).toMatch(/update|same/);
    const { domains, composeFile: text } = await fixture.live("web");
    expect(domains.map(({ host, port }) => `${host}:${port}`).sort()).toEqual([
      "new.example.org:80",
      "web.example.org:81",
    ]);
    expect(text).toBe(said.composeFile);
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
  });

  it.each(TROUBLES)("to compose.delete (%s), the service is gone in the end", async (kind) => {
    await up();
    strike(kind, "compose.delete");
    await fixture.engine.up(fixture.context, { services: [] }).catch(() => undefined);
    await fixture.engine.up(fixture.context, { services: [] });
    expect((await everything()).services).toEqual([]);
  });

  it("to reading, it is asked again", async () => {
    await up();
    for (const procedure of ["compose.one", "docker.getContainers", "environment.one"]) {
      for (const kind of ["html", "drop-before", "error"] as const) strike(kind, procedure);
    }
    expect(await up()).toEqual({ web: { op: "same" } });
  });

  it("as it should to a creation that it carried out for ever, the update fails and the next one finds it", async () => {
    strike("drop-after", "compose.create");
    strike("error", "environment.one", "always");
    // The environment itself cannot be seen now, so nothing is known: nothing is made a second time.
    await up().catch(() => undefined);
    fixture.emulator.control.clearFaults();
    expect(await up()).toEqual({ web: { op: "create" } });
    expect((await everything()).services).toHaveLength(1);
  });

  it("with a limit on requests at once, many services still get their turn", async () => {
    const services = Array.from({ length: 30 }, (_, index) => ({
      name: `s${index}`,
      composeFile: composeFile(`s${index}`),
    }));
    const result = await fixture.engine.up(fixture.context, { services });
    expect(Object.values(result).every(({ op }) => op === "create")).toBe(true);
    expect((await everything()).services).toHaveLength(30);
  });
});
