import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { composeFile, contextTo, type Fixture, openFixture } from "../fixture.ts";
import { Killed, type SaidService } from "../requests/small-engine.ts";
import { killable } from "./killable.ts";

const domain = { host: "web.example.org", service: "web", port: 80 };
const before: SaidService = {
  name: "web",
  composeFile: composeFile("web"),
  env: { PASSWORD: "a-secret-value", EXTRA: "1" },
  domains: [domain],
};

/** One change per part of a record, and the key that names it. */
const changes: [keys: string[], to: SaidService][] = [
  [["env.EXTRA"], { ...before, env: { PASSWORD: "a-secret-value", EXTRA: "2" } }],
  [["composeFile"], { ...before, composeFile: composeFile("web", "web:2") }],
  [["domains.web.example.org/"], { ...before, domains: [{ ...domain, port: 81 }] }],
  [["domains.new.example.org/"], { ...before, domains: [domain, { ...domain, host: "new.example.org" }] }],
  [["domains.web.example.org/"], { ...before, domains: [] }],
  [["settings.command"], { ...before, waitTimeout: 77 }],
];

describe("an update of ours that was cut off", () => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(async () => {
    await fixture.emulator.control.reset();
    fixture.engine.forget();
    await fixture.engine.up(fixture.context, { services: [before] });
  });

  const up = (said: SaidService, context = fixture.context) => fixture.engine.up(context, { services: [said] });
  const outputs = () => fixture.engine.outputs("web");

  it.each(changes)("is never taken for a hand, wherever it was: %s", async (keys, to) => {
    let seen = 0;
    for (let requests = 1; requests <= 16; requests++) {
      await fixture.emulator.control.reset();
      fixture.engine.forget();
      await up(before);
      const finished = await up(to, contextTo(killable(fixture.dokploy, requests, true))).then(
        () => true,
        () => false,
      );
      if (finished) break;
      await fixture.emulator.control.idle();
      await fixture.engine.refresh(fixture.context);
      expect([requests, outputs().drift]).toEqual([requests, []]);
      if (outputs().cutOff) {
        seen += 1;
        expect(outputs().deployed).toBe(false);
        expect(outputs().unfinished).toEqual([...keys, "deployment"]);
      }
      await up(to);
      expect(outputs()).toMatchObject({ deployed: true, drift: [] });
      expect(outputs()).not.toHaveProperty("unfinished");
      expect(outputs()).not.toHaveProperty("cutOff");
      expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
    }
    expect(seen).toBeGreaterThan(0);
  });

  it("is not deployed again when it had come to the end", async () => {
    const state = fixture.engine.save();
    await up({ ...before, env: { PASSWORD: "a-secret-value", EXTRA: "2" } });
    fixture.engine.load(state);
    const requests = await fixture.requests(async () =>
      expect(await up({ ...before, env: { PASSWORD: "a-secret-value", EXTRA: "2" } })).toEqual({
        web: { op: "update" },
      }),
    );
    expect(requests).not.toHaveProperty("compose.deploy");
  });

  const to = { ...before, env: { PASSWORD: "a-secret-value", EXTRA: "2" } };
  /** Has an update done that the state does not hear of; its outputs. */
  const unheard = async (work: () => Promise<unknown>) => {
    const state = fixture.engine.save();
    await work();
    const made = outputs();
    fixture.engine.load(state);
    return made;
  };
  const deploys = async (said = to, options = {}) => {
    const requests = await fixture.requests(() => fixture.engine.up(fixture.context, { services: [said] }, options));
    return requests["compose.deploy"] ?? 0;
  };

  it.each([true, false])("leaves the outputs of an update that came to its end, refreshed: %s", async (refresh) => {
    const made = await unheard(() => up(to));
    expect(await deploys(to, { refresh })).toBe(0);
    expect(outputs()).toEqual(made);
  });

  it.each([true, false])(
    "is not deployed again where it fixed what had failed before, refreshed: %s",
    async (refresh) => {
      fixture.emulator.control.addFault({ kind: "fail-deploy", service: "web" });
      await up(to);
      expect(outputs().deployed).toBe(false);
      await unheard(() => up(to));
      expect(await deploys(to, { refresh })).toBe(0);
      expect(outputs()).toMatchObject({ deployed: true, drift: [] });
    },
  );

  it("is deployed again when its containers are not well, or its content is another one by now", async () => {
    await unheard(() => up(to));
    fixture.emulator.control.addFault({ kind: "containers", service: "web", outcome: "unhealthy", now: true });
    expect(await deploys()).toBe(1);
    fixture.emulator.control.clearFaults();
    await up(before);
    await unheard(() => up(to));
    expect(await deploys({ ...to, env: { ...to.env, EXTRA: "3" } })).toBe(1);
  });

  it.each<[string, () => void]>([
    ["runs", () => {}],
    ["waits behind another", () => void fixture.dokploy.deploy(outputs().composeId, "somebody's", "")],
  ])("is waited for while its deployment %s", async (_, first) => {
    fixture.emulator.control.addFault({ kind: "slow-deploy", service: "web", ms: 60_000, times: "always" });
    first();
    let title = "";
    await unheard(async () => {
      const cut = killable(fixture.dokploy, Number.POSITIVE_INFINITY, true);
      const deploy: typeof cut.deploy = async (...args) => {
        title = args[1];
        await fixture.dokploy.deploy(...args);
        throw new Killed("killed");
      };
      await up(to, contextTo({ ...cut, deploy })).catch(() => {});
    });
    await fixture.engine.refresh(fixture.context);
    setTimeout(() => fixture.emulator.control.clearFaults(), 200);
    expect(await deploys()).toBe(0);
    expect(outputs()).toMatchObject({ deployed: true, deployment: title, drift: [] });
  });

  it("is begun anew when the deployment that it left fails", async () => {
    await unheard(() => up(to));
    const { composeId } = outputs();
    fixture.emulator.control.addFault({ kind: "fail-deploy", service: "web" });
    const { title, description } = (await fixture.dokploy.deployments(composeId)).find(
      ({ title }) => title !== outputs().deployment,
    )!;
    await fixture.dokploy.deploy(composeId, `${title}+`, description);
    await fixture.emulator.control.idle();
    expect(await deploys()).toBe(1);
  });

  const more = (driver: string) => ({
    ...before,
    composeFile: `${composeFile("web")}  more:\n    driver: ${driver}\n`,
  });

  it.each([true, false])("leaves known which volumes it may have made, refreshed: %s", async (refresh) => {
    await unheard(() => up(more("local")));
    const next = await fixture.engine.up(fixture.context, { services: [more("nfs")] }, { refresh });
    expect(next).toMatchObject({ web: { op: "fail", reason: expect.stringContaining("volume") } });
  });

  it("leaves the volumes of the state as they are, whatever a hand wrote meanwhile", async () => {
    await up(more("local"));
    await unheard(() => up({ ...more("local"), env: to.env! }));
    fixture.emulator.control.edit(outputs().composeId, { composeFile: more("nfs").composeFile });
    await fixture.engine.refresh(fixture.context);
    expect(await up(more("local"))).toEqual({ web: { op: "update" } });
  });

  it("is told from a hand that came after it", async () => {
    await unheard(() => up(to));
    fixture.emulator.control.edit(outputs().composeId, { composeFile: composeFile("web", "by-hand:1") });
    await fixture.engine.refresh(fixture.context);
    expect(outputs().drift).toEqual(["composeFile"]);
    expect(outputs().unfinished).toEqual(["env.EXTRA", "deployment"]);
  });

  it("is not one when somebody deploys by hand", async () => {
    await fixture.dokploy.deploy(outputs().composeId, "Manual deployment", "");
    await fixture.emulator.control.idle();
    await fixture.engine.refresh(fixture.context);
    expect(outputs().drift).toEqual(["deployed: the last deployment was not ours"]);
    expect(outputs()).not.toHaveProperty("unfinished");
  });
});

describe("an update that fails", () => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await openFixture();
    await fixture.engine.up(fixture.context, { services: [before] });
  });
  afterAll(() => fixture.close());

  it("keeps what it was to bring until one comes to its end, also over several", async () => {
    const up = (said: SaidService) => fixture.engine.up(fixture.context, { services: [said] });
    const outputs = () => fixture.engine.outputs("web");
    fixture.emulator.control.addFault({ kind: "fail-deploy", service: "web", log: ["no space left on device"] });
    const once = { ...before, env: { PASSWORD: "a-secret-value", EXTRA: "2" } };
    expect(await up(once)).toMatchObject({ web: { op: "fail" } });
    expect(outputs().unfinished).toEqual(["env.EXTRA"]);
    fixture.emulator.control.addFault({ kind: "fail-deploy", service: "web", log: ["no space left on device"] });
    const more = { ...once, composeFile: composeFile("web", "web:2") };
    expect(await up(more)).toMatchObject({ web: { op: "fail" } });
    expect(outputs().unfinished).toEqual(["env.EXTRA", "composeFile"]);
    fixture.emulator.control.clearFaults();
    expect(await up(more)).toEqual({ web: { op: "update" } });
    expect(outputs()).not.toHaveProperty("unfinished");
  });

  it("is a creation: all of it is unfinished", async () => {
    fixture.emulator.control.addFault({ kind: "fail-deploy", service: "other", log: ["no"] });
    const other = { name: "other", composeFile: composeFile("other") };
    expect(await fixture.engine.up(fixture.context, { services: [before, other] })).toMatchObject({
      other: { op: "fail" },
    });
    expect(fixture.engine.outputs("other").unfinished).toEqual(["new"]);
  });
});
