import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { FaultInput } from "../../../emulator/faults/fault.ts";
import { composeFile, contextTo, type Fixture, openFixture, QUICK } from "./fixture.ts";

describe("a deployment that goes wrong", () => {
  let fixture: Fixture;
  const secret = "canary-secret-value";
  const web = { name: "web", composeFile: composeFile("web"), env: { PASSWORD: secret }, waitTimeout: 5 };
  const other = { name: "other", composeFile: composeFile("other") };
  const up = (patch: object = {}, options = {}) =>
    fixture.engine.up(fixture.context, { services: [{ ...web, ...patch }, other] }, options);

  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(async () => {
    await fixture.emulator.control.restart();
    await fixture.emulator.control.reset();
    fixture.engine.forget();
  });

  const log = ["pulling layers", `no space left while writing ${secret}`];
  const ways: [what: string, fault: FaultInput, reason: RegExp][] = [
    [
      "compose fails",
      { kind: "fail-deploy", service: "web", log },
      /^deployment_failed: the deployment of web failed \(.+\)\n.*no space left while writing \*\*\*/s,
    ],
    [
      "a container stays unhealthy",
      { kind: "containers", service: "web", outcome: "unhealthy", log: ["cannot open config"] },
      /^unhealthy: a container of web did not become healthy \(.+\)\n.*healthy.*\n--- log of platform-web\n.*cannot open config/s,
    ],
    ["a container ends", { kind: "containers", service: "web", outcome: "exit" }, /^unhealthy: /],
    [
      "Dokploy restarts again and again",
      { kind: "stuck", service: "web", times: 3 },
      /^deployment_failed: Dokploy cut off the deployment of web 3 times \(.+\)$/,
    ],
    [
      "its Docker is away",
      {
        kind: "fail-deploy",
        service: "web",
        log: ["Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"],
      },
      /^docker_unreachable: .+ Docker does not answer .+\n.*Is the docker daemon running/s,
    ],
    [
      "the queue loses it twice",
      { kind: "lose-job", service: "web", times: 2 },
      /^deployment_failed: Dokploy lost the deployment of web twice before it started \(.+\)$/,
    ],
  ];

  it.each(ways)("says so when %s; the others go on; the next update tries again", async (what, fault, reason) => {
    fixture.emulator.control.addFault(fault);
    const running = up();
    for (let restarts = 0; what.includes("restarts") && restarts < 3; restarts++) await restartOnceRunning();
    const result = await running;
    expect(result.web?.reason).toMatch(reason);
    expect(result.web?.reason).not.toContain(secret);
    expect(fixture.engine.outputs("web").deployed).toBe(false);

    fixture.emulator.control.clearFaults();
    expect(await up({}, { refresh: false })).toMatchObject({ web: { op: "update" } });
    expect(await up()).toEqual({ web: { op: "same" }, other: { op: "same" } });
  });

  it.each(ways.slice(0, 3))("is tried again also after a refresh, when %s", async (_, fault) => {
    fixture.emulator.control.addFault(fault);
    expect(await up()).toMatchObject({ web: { op: "fail" }, other: { op: "create" } });
    fixture.emulator.control.clearFaults();
    await fixture.engine.refresh(fixture.context);
    await fixture.engine.refresh(fixture.context);
    expect(await up()).toEqual({ web: { op: "update" }, other: { op: "same" } });
  });

  it("stays a failure for as long as it fails", async () => {
    fixture.emulator.control.addFault({ kind: "fail-deploy", service: "web", times: "always" });
    for (let round = 0; round < 3; round++) expect(await up()).toMatchObject({ web: { op: "fail" } });
  });

  it("is not taken for good when the containers crash right after it", async () => {
    const unchecked = web.composeFile.replace(/ {4}healthcheck:\n(.+\n){2}/, "");
    fixture.emulator.control.addFault({ kind: "containers", service: "web", outcome: "restarting", times: "always" });
    const result = await up({ composeFile: unchecked });
    expect(result.web?.reason).toMatch(
      /^unhealthy: web was deployed but does not run well: platform-web: (restarting|restarted|exited)/,
    );
    fixture.emulator.control.clearFaults();
  });

  it("is taken for done at its deadline when it hangs, with the last line of its log", async () => {
    fixture.emulator.control.addFault({
      kind: "stuck",
      service: "web",
      log: ["Volume exists but does not match. Recreate (data will be lost)?"],
    });
    const result = await up({ waitTimeout: 1, stages: 1 });
    expect(result.web?.reason).toMatch(
      /^timeout: the deployment of web still runs after 2 s and its log stands still \(.+\)\n.*Recreate \(data will be lost\)\?/s,
    );
    expect(result.web?.reason).toContain("blocks Dokploy's queue");
  });

  it("does not wait for ever behind a job that hangs", async () => {
    await up();
    fixture.emulator.control.addFault({ kind: "stuck", service: "other" });
    await fixture.dokploy.deploy(fixture.engine.outputs("other").composeId, "somebody's job", "");
    const context = contextTo(fixture.dokploy, { timing: { ...QUICK, stalled: 300 } });
    const changed = { ...web, env: { PASSWORD: "changed-secret" } };
    const result = await fixture.engine.up(context, { services: [changed, other] });
    expect(result.web?.reason).toMatch(
      /^timeout: the deployment of web waits in Dokploy's queue, which has not moved .*somebody's job/,
    );
  });

  it("once queued is found again when the queue was lost, and made once more", async () => {
    fixture.emulator.control.addFault({ kind: "lose-job", service: "web", times: 1 });
    const requests = await fixture.requests(async () => expect(await up()).toMatchObject({ web: { op: "create" } }));
    expect(requests["compose.deploy"]).toBe(3);
  });

  it("survives Dokploy being away for a while", async () => {
    fixture.emulator.control.addFault({ kind: "slow-deploy", service: "web", ms: 100 });
    const running = up();
    await until(async () => (await fixture.dokploy.projects()).length > 0);
    fixture.emulator.control.addFault({ kind: "drop-before", procedure: "deployment.*", times: 12 });
    expect(await running).toMatchObject({ web: { op: "create" }, other: { op: "create" } });
  });

  it("keeps checks that failed in mind, also over a refresh", async () => {
    const checks = [{ url: "http://127.0.0.1:1/x?token=canary-token", attempts: 2, interval: 0.01 }];
    const result = await up({ checks });
    expect(result.web?.reason).toMatch(
      /^check_failed: web runs but does not answer as it should: GET http:\/\/127\.0\.0\.1:1\/x answered nothing \(ECONNREFUSED\) instead of 200, 2 times/,
    );
    expect(result.web?.reason).not.toContain("canary-token");
    await fixture.engine.refresh(fixture.context);
    expect(fixture.engine.outputs("web").deployed).toBe(false);
    expect(await up({ checks: [] })).toMatchObject({ web: { op: "update" } });
  });

  it("sends a deployment again that a restart of Dokploy cut off, or that waited and was lost", async () => {
    fixture.emulator.control.addFault({ kind: "stuck", service: "web" });
    const running = up();
    await restartOnceRunning({ silentMs: 1_000 });
    expect(await running).toEqual({ web: { op: "create" }, other: { op: "create" } });
    const { deployments } = await fixture.live("web");
    expect(deployments.map(({ status }) => status).sort()).toEqual(["cancelled", "done"]);
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
    expect(await up()).toEqual({ web: { op: "same" }, other: { op: "same" } });
  });

  it("never shows a secret in the state's failure", async () => {
    fixture.emulator.control.addFault({
      kind: "fail-deploy",
      service: "web",
      log: [secret, JSON.stringify({ secret })],
    });
    const { web: failed } = await up();
    expect(failed?.reason).not.toContain(secret);
    expect(JSON.stringify({ ...fixture.engine.outputs("web"), env: {} })).not.toContain(secret);
  });

  async function restartOnceRunning(how = {}): Promise<void> {
    await until(async () => {
      const [project] = await fixture.dokploy.projects();
      const environment = project?.environments.find(({ name }) => name === "staging");
      const services = (environment?.compose ?? []) as { composeId: string; name: string }[];
      const found = services.find(({ name }) => name === "web");
      const rows = found ? await fixture.dokploy.deployments(found.composeId) : [];
      return rows.some(({ status }) => status === "running");
    });
    await fixture.emulator.control.restart(how);
  }
});

describe("a service without a platform key", () => {
  it("is deployed and left alone all the same", async () => {
    const fixture = await openFixture();
    const context = contextTo(fixture.dokploy, { key: undefined, release: "" });
    const said = { services: [{ name: "web", composeFile: composeFile("web"), env: { A: "1" } }] };
    await fixture.engine.up(context, said);
    expect(await fixture.engine.up(context, said)).toEqual({ web: { op: "same" } });
    expect(await fixture.engine.refresh(contextTo(fixture.dokploy), { preview: true })).toEqual([]);
    await fixture.close();
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("it never came to that");
  }
}
