import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { connectDokploy } from "../../../../components/dokploy/api/client.ts";
import { readCompose, updateCompose } from "../../../../components/dokploy/compose.ts";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import type { FaultInput } from "../../../../emulator/faults/fault.ts";
import { composeFile, connect, contextTo, openPlace, type Place } from "../place.ts";

describe("a refresh that could not tell", () => {
  let place: Place;
  const services = ["web", "other"].map((name) => ({ name, composeFile: composeFile(name), env: { A: "1" } }));
  const up = (context = place.context) => place.engine.up(context, { services });

  beforeAll(async () => {
    place = await openPlace();
  });
  afterAll(() => place.close());
  beforeEach(async () => {
    await place.emulator.control.reset();
    place.engine.forget();
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
  const reads = ["compose.one", "docker.getContainersByAppNameMatch", "environment.one"];

  it.each(
    troubles.flatMap(([what, fault, reason]) => reads.map((procedure) => [what, procedure, fault, reason] as const)),
  )(
    "because of %s to %s fails, keeps the state, and the next update makes nothing anew",
    async (_, procedure, fault, reason) => {
      const before = place.engine.snapshot();
      place.emulator.control.addFault({ ...fault, procedure } as FaultInput);
      await expect(place.engine.refresh(place.context)).rejects.toThrow(reason);
      await expect(up()).rejects.toThrow(reason);
      expect(place.engine.snapshot()).toBe(before);
      place.emulator.control.clearFaults();
      expect(await up()).toEqual({ web: { op: "same" }, other: { op: "same" } });
    },
  );

  it("because of a time-out fails", async () => {
    const impatient = connectDokploy({
      url: place.emulator.url,
      apiKey: place.emulator.apiKey,
      timeout: 100,
      backoff: 1,
    });
    place.emulator.control.addFault({ kind: "latency", ms: 1_000, procedure: "compose.one", times: "always" });
    await expect(place.engine.refresh(contextTo(impatient, { alsoAt: [] }))).rejects.toThrow(
      /no answer from .*TimeoutError/,
    );
    await impatient.close();
  });

  it("because the key is wrong fails before anything else", async () => {
    const context = contextTo(connectDokploy({ url: place.emulator.url, apiKey: "wrong" }));
    await expect(place.engine.refresh(context)).rejects.toThrow(/answered 401: the API key is not accepted/);
  });
});

describe("another server", () => {
  let place: Place;
  let second: Emulator;
  const services = ["web", "other"].map((name) => ({ name, composeFile: composeFile(name), env: { A: "1" } }));

  beforeAll(async () => {
    place = await openPlace();
    second = await startEmulator({ apiKey: place.emulator.apiKey });
    await place.engine.up(place.context, { services });
  });
  afterAll(async () => {
    await second.close();
    await place.close();
  });

  it("is refused, and nothing is made there", async () => {
    const before = place.engine.snapshot();
    const wrong = contextTo(connect(second));
    await expect(place.engine.up(wrong, { services })).rejects.toThrow(
      /the state is about the Dokploy at .*, but DOKPLOY_URL is/,
    );
    await expect(place.engine.destroy(wrong)).rejects.toThrow(/the state is about/);
    expect(place.engine.snapshot()).not.toBe("");
    expect(place.engine.snapshot()).toBe(before);
    expect(await wrong.dokploy.projects()).toEqual([]);
  });

  it("under the known address of the first one is refused as well, because nothing of the stack is there", async () => {
    const wrong = contextTo({ ...connect(second), url: place.emulator.url });
    await expect(place.engine.up(wrong, { services })).rejects.toThrow(/environment .* is not there/);
    expect(await wrong.dokploy.projects()).toEqual([]);
  });

  it("is no other server when it is only another address of the same one", async () => {
    const dokploy = connectDokploy({
      url: place.emulator.url.replace("127.0.0.1", "localhost"),
      apiKey: place.emulator.apiKey,
    });
    await expect(place.engine.refresh(contextTo(dokploy))).rejects.toThrow(/DOKPLOY_ALSO_AT=/);
    expect(await place.engine.up(contextTo(dokploy, { alsoAt: [place.emulator.url] }), { services })).toEqual({
      web: { op: "same" },
      other: { op: "same" },
    });
    expect(place.engine.outputs("web").serverUrl).toBe(place.emulator.url);
    await dokploy.close();
  });
});

describe("when everything is gone", () => {
  let place: Place;
  const services = ["web", "other"].map((name) => ({ name, composeFile: composeFile(name), env: { A: "1" } }));

  beforeEach(async () => {
    place = await openPlace();
    await place.engine.up(place.context, { services });
    return () => place.close();
  });

  it("a refresh is refused, and with the flag all is made again", async () => {
    for (const { name } of services) await place.dokploy.deleteCompose(place.engine.outputs(name).composeId);
    const before = place.engine.snapshot();
    await expect(place.engine.up(place.context, { services })).rejects.toThrow(
      /and so is every other service .*DOCKMASTER_ALLOW_EMPTY=1/,
    );
    expect(place.engine.snapshot()).toBe(before);
    const allowed = contextTo(place.dokploy, { allowEmpty: true });
    expect(await place.engine.up(allowed, { services })).toEqual({ web: { op: "create" }, other: { op: "create" } });
  });

  it("with its project, the same", async () => {
    for (const { name } of services) await place.dokploy.deleteCompose(place.engine.outputs(name).composeId);
    await place.dokploy.removeProject(place.engine.environment()?.projectId ?? "");
    await expect(place.engine.up(place.context, { services })).rejects.toThrow(/is not there/);
    const allowed = contextTo(place.dokploy, { allowEmpty: true });
    expect(await place.engine.up(allowed, { services })).toEqual({ web: { op: "create" }, other: { op: "create" } });
  });

  it("but for containers, which Dokploy forgets when somebody removes the project, the failure says how to go on", async () => {
    await place.dokploy.removeProject(place.engine.environment()?.projectId ?? "");
    const result = await place.engine.up(contextTo(place.dokploy, { allowEmpty: true }), { services });
    expect(result.web?.reason).toMatch(/^deployment_failed: .*docker rm -f platform-web/);
  });

  it("destroying what is left is no error", async () => {
    await place.emulator.control.reset();
    await place.engine.destroy(place.context);
    expect(place.engine.environment()).toBeUndefined();
  });
});

describe("state of a newer release", () => {
  it("is refused before any call", async () => {
    const place = await openPlace();
    const said = { services: [{ name: "web", composeFile: composeFile("web"), env: {} }] };
    await place.engine.up(place.context, said);
    const newer = { ...place.engine.outputs("web"), schemaVersion: 99 };
    const requests = await place.requests(async () => {
      await expect(readCompose(place.context, newer.composeId, newer)).rejects.toThrow(
        /newer release \(schema 99, this one knows 1\)/,
      );
      await expect(updateCompose(place.context, newer.composeId, newer, newer)).rejects.toThrow(/newer release/);
    });
    expect(requests).toEqual({});
    await place.close();
  });
});
