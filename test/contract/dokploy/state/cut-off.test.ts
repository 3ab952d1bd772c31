import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { composeFile, contextTo, openPlace, type Place } from "../place.ts";
import type { SaidService } from "../requests/small-engine.ts";
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
  let place: Place;

  beforeAll(async () => {
    place = await openPlace();
  });
  afterAll(() => place.close());
  beforeEach(async () => {
    await place.emulator.control.reset();
    place.engine.forget();
    await place.engine.up(place.context, { services: [before] });
  });

  const up = (said: SaidService, context = place.context) => place.engine.up(context, { services: [said] });
  const outputs = () => place.engine.outputs("web");

  it.each(changes)("is never taken for a hand, wherever it was: %s", async (keys, to) => {
    let seen = 0;
    for (let requests = 1; requests <= 16; requests++) {
      await place.emulator.control.reset();
      place.engine.forget();
      await up(before);
      const finished = await up(to, contextTo(killable(place.dokploy, requests, true))).then(
        () => true,
        () => false,
      );
      if (finished) break;
      await place.emulator.control.idle();
      await place.engine.refresh(place.context);
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
      expect(await place.engine.refresh(place.context, { preview: true })).toEqual([]);
    }
    expect(seen).toBeGreaterThan(0);
  });

  it("is not deployed again when it had come to the end", async () => {
    const state = place.engine.save();
    await up({ ...before, env: { PASSWORD: "a-secret-value", EXTRA: "2" } });
    place.engine.load(state);
    const requests = await place.requests(async () =>
      expect(await up({ ...before, env: { PASSWORD: "a-secret-value", EXTRA: "2" } })).toEqual({
        web: { op: "update" },
      }),
    );
    expect(requests).not.toHaveProperty("compose.deploy");
  });

  it("is told from a hand that came after it", async () => {
    const to = { ...before, env: { PASSWORD: "a-secret-value", EXTRA: "2" } };
    const state = place.engine.save();
    await up(to);
    place.engine.load(state);
    place.emulator.control.edit(outputs().composeId, { composeFile: composeFile("web", "by-hand:1") });
    await place.engine.refresh(place.context);
    expect(outputs().drift).toEqual(["composeFile"]);
    expect(outputs().unfinished).toEqual(["env.EXTRA", "deployment"]);
  });

  it("is not one when somebody deploys by hand", async () => {
    await place.dokploy.deploy(outputs().composeId, "Manual deployment", "");
    await place.emulator.control.idle();
    await place.engine.refresh(place.context);
    expect(outputs().drift).toEqual(["deployed: the last deployment was not ours"]);
    expect(outputs()).not.toHaveProperty("unfinished");
  });
});

describe("an update that fails", () => {
  let place: Place;

  beforeAll(async () => {
    place = await openPlace();
    await place.engine.up(place.context, { services: [before] });
  });
  afterAll(() => place.close());

  it("keeps what it was to bring until one comes to its end, also over several", async () => {
    const up = (said: SaidService) => place.engine.up(place.context, { services: [said] });
    const outputs = () => place.engine.outputs("web");
    place.emulator.control.addFault({ kind: "fail-deploy", service: "web", log: ["no space left on device"] });
    const once = { ...before, env: { PASSWORD: "a-secret-value", EXTRA: "2" } };
    expect(await up(once)).toMatchObject({ web: { op: "fail" } });
    expect(outputs().unfinished).toEqual(["env.EXTRA"]);
    place.emulator.control.addFault({ kind: "fail-deploy", service: "web", log: ["no space left on device"] });
    const more = { ...once, composeFile: composeFile("web", "web:2") };
    expect(await up(more)).toMatchObject({ web: { op: "fail" } });
    expect(outputs().unfinished).toEqual(["env.EXTRA", "composeFile"]);
    place.emulator.control.clearFaults();
    expect(await up(more)).toEqual({ web: { op: "update" } });
    expect(outputs()).not.toHaveProperty("unfinished");
  });

  it("is a creation: all of it is unfinished", async () => {
    place.emulator.control.addFault({ kind: "fail-deploy", service: "other", log: ["no"] });
    const other = { name: "other", composeFile: composeFile("other") };
    expect(await place.engine.up(place.context, { services: [before, other] })).toMatchObject({
      other: { op: "fail" },
    });
    expect(place.engine.outputs("other").unfinished).toEqual(["new"]);
  });
});
