import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { connectDokploy } from "../../../../components/dokploy/api/client.ts";
import { readCompose, updateCompose } from "../../../../components/dokploy/compose.ts";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import type { FaultInput } from "../../../../emulator/faults/fault.ts";
import { composeFile, connect, contextTo, type Fixture, openFixture } from "../fixture.ts";

describe("a refresh that could not tell", () => {
  let fixture: Fixture;
  const services = ["web", "other"].map((name) => ({ name, composeFile: composeFile(name), env: { A: "1" } }));
  const up = (context = fixture.context) => fixture.engine.up(context, { services });

  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(async () => {
    await fixture.emulator.control.reset();
    fixture.engine.forget();
    await up();
  });

  const troubles: [string, FaultInput, RegExp][] = [
    [
      "a refused key",
      { kind: "unauthorized", times: "always" },
      /answered 401: the API key worked before and is refused now/,
    ],
    ["a server error", { kind: "error", status: 500, times: "always" }, /answered 500/],
    ["a gateway's page", { kind: "html", times: "always" }, /answered 502 with a page instead of data/],
    ["a page with status 404", { kind: "html", status: 404, times: "always" }, /answered 404 with a page/],
    ["dropped connections", { kind: "drop-before", times: "always" }, /no answer from/],
  ];
  const reads = ["compose.one", "docker.getContainers", "environment.one"];

  it.each(
    troubles.flatMap(([what, fault, reason]) => reads.map((procedure) => [what, procedure, fault, reason] as const)),
  )(
    "because of %s to %s fails, keeps the state, and the next update makes nothing anew",
    async (_, procedure, fault, reason) => {
      const before = fixture.engine.snapshot();
      fixture.emulator.control.addFault({ ...fault, procedure } as FaultInput);
      await expect(fixture.engine.refresh(fixture.context)).rejects.toThrow(reason);
      await expect(up()).rejects.toThrow(reason);
      expect(fixture.engine.snapshot()).toBe(before);
      fixture.emulator.control.clearFaults();
      expect(await up()).toEqual({ web: { op: "same" }, other: { op: "same" } });
    },
  );

  it("because of a time-out fails", async () => {
    const impatient = connectDokploy({
      url: fixture.emulator.url,
      apiKey: fixture.emulator.apiKey,
      timeout: 100,
      backoff: 1,
    });
    fixture.emulator.control.addFault({ kind: "latency", ms: 1_000, procedure: "compose.one", times: "always" });
    await expect(fixture.engine.refresh(contextTo(impatient, { alsoAt: [] }))).rejects.toThrow(
      /no answer from .*TimeoutError/,
    );
    await impatient.close();
  });

  it("because the key is wrong fails before anything else", async () => {
    const context = contextTo(connectDokploy({ url: fixture.emulator.url, apiKey: "wrong" }));
    await expect(fixture.engine.refresh(context)).rejects.toThrow(/answered 401: the API key is not accepted/);
  });
});

describe("another server", () => {
  let fixture: Fixture;
  let second: Emulator;
  const services = ["web", "other"].map((name) => ({ name, composeFile: composeFile(name), env: { A: "1" } }));

  beforeAll(async () => {
    fixture = await openFixture();
    second = await startEmulator({ apiKey: fixture.emulator.apiKey });
    await fixture.engine.up(fixture.context, { services });
  });
  afterAll(async () => {
    await second.close();
    await fixture.close();
  });

  it("is refused, and nothing is made there", async () => {
    const before = fixture.engine.snapshot();
    const wrong = contextTo(connect(second));
    await expect(fixture.engine.up(wrong, { services })).rejects.toThrow(
      /the state is about the Dokploy at .*, but DOKPLOY_URL is/,
    );
    await expect(fixture.engine.destroy(wrong)).rejects.toThrow(/the state is about/);
    expect(fixture.engine.snapshot()).not.toBe("");
    expect(fixture.engine.snapshot()).toBe(before);
    expect(await wrong.dokploy.projects()).toEqual([]);
  });

  it("under the known address of the first one is refused as well, because nothing of the stack is there", async () => {
    const wrong = contextTo({ ...connect(second), url: fixture.emulator.url });
    await expect(fixture.engine.up(wrong, { services })).rejects.toThrow(/environment .* is not there/);
    expect(await wrong.dokploy.projects()).toEqual([]);
  });

  it("is no other server when it is only another address of the same one", async () => {
    const dokploy = connectDokploy({
      url: fixture.emulator.url.replace("127.0.0.1", "localhost"),
      apiKey: fixture.emulator.apiKey,
    });
    await expect(fixture.engine.refresh(contextTo(dokploy))).rejects.toThrow(/DOKPLOY_ALSO_AT=/);
    expect(await fixture.engine.up(contextTo(dokploy, { alsoAt: [fixture.emulator.url] }), { services })).toEqual({
      web: { op: "same" },
      other: { op: "same" },
    });
    expect(fixture.engine.outputs("web").serverUrl).toBe(fixture.emulator.url);
    await dokploy.close();
  });
});

describe("when everything is gone", () => {
  let fixture: Fixture;
  const services = ["web", "other"].map((name) => ({ name, composeFile: composeFile(name), env: { A: "1" } }));

  beforeEach(async () => {
    fixture = await openFixture();
    await fixture.engine.up(fixture.context, { services });
    return () => fixture.close();
  });

  it("a refresh is refused, and with the flag all is made again", async () => {
    for (const { name } of services) await fixture.dokploy.deleteCompose(fixture.engine.outputs(name).composeId);
    const before = fixture.engine.snapshot();
    await expect(fixture.engine.up(fixture.context, { services })).rejects.toThrow(
      /and so is every other service .*DOCKMASTER_ALLOW_EMPTY=1/,
    );
    expect(fixture.engine.snapshot()).toBe(before);
    const allowed = contextTo(fixture.dokploy, { allowEmpty: true });
    expect(await fixture.engine.up(allowed, { services })).toEqual({ web: { op: "create" }, other: { op: "create" } });
  });

  it("with its project, the same", async () => {
    for (const { name } of services) await fixture.dokploy.deleteCompose(fixture.engine.outputs(name).composeId);
    await fixture.dokploy.removeProject(fixture.engine.environment()?.projectId ?? "");
    await expect(fixture.engine.up(fixture.context, { services })).rejects.toThrow(/is not there/);
    const allowed = contextTo(fixture.dokploy, { allowEmpty: true });
    expect(await fixture.engine.up(allowed, { services })).toEqual({ web: { op: "create" }, other: { op: "create" } });
  });

  it("but for containers, which Dokploy forgets when somebody removes the project, the failure says how to go on", async () => {
    await fixture.dokploy.removeProject(fixture.engine.environment()?.projectId ?? "");
    const result = await fixture.engine.up(contextTo(fixture.dokploy, { allowEmpty: true }), { services });
    expect(result.web?.reason).toMatch(/^deployment_failed: .*docker rm -f platform-web/);
  });

  it("destroying what is left is no error", async () => {
    await fixture.emulator.control.reset();
    await fixture.engine.destroy(fixture.context);
    expect(fixture.engine.environment()).toBeUndefined();
  });
});

describe("state of a newer release", () => {
  it("is refused before any call", async () => {
    const fixture = await openFixture();
    const said = { services: [{ name: "web", composeFile: composeFile("web"), env: {} }] };
    await fixture.engine.up(fixture.context, said);
    const newer = { ...fixture.engine.outputs("web"), schemaVersion: 99 };
    const requests = await fixture.requests(async () => {
      await expect(readCompose(fixture.context, newer.composeId, newer)).rejects.toThrow(
        /newer release \(schema 99, this one knows 1\)/,
      );
      await expect(updateCompose(fixture.context, newer.composeId, newer, newer)).rejects.toThrow(/newer release/);
    });
    expect(requests).toEqual({});
    await fixture.close();
  });
});
