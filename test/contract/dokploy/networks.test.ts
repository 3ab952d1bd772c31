import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createEnvironment,
  deleteEnvironment,
  environmentChanges,
  readEnvironment,
  updateEnvironment,
} from "../../../components/dokploy/environment.ts";
import { ensureNetwork } from "../../../components/dokploy/networks.ts";
import { composeFile, connect, contextTo, type Fixture, OWNER, openFixture } from "./fixture.ts";

const NAME = "platform-staging";
const inputs = { project: "platform", name: "staging", owner: OWNER, network: NAME };
const onNetwork = (name: string) => `${composeFile(name)}networks: {default: {name: ${NAME}, external: true}}\n`;

describe("the environment's network", () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await openFixture();
  });
  afterEach(() => fixture.close());

  const names = async () => (await fixture.containers.networks()).map(({ name }) => name);
  const rows = async () => (await fixture.dokploy.networkRows()).map(({ name }) => name);
  const services = ["a", "b", "c"].map((name) => ({ name, composeFile: onNetwork(name) }));

  it("is made with it, once", async () => {
    const { outs } = await createEnvironment(fixture.context, inputs);
    expect([await names(), await rows(), outs.network]).toEqual([["dokploy-network", NAME], [NAME], NAME]);
    await createEnvironment(contextTo(connect(fixture.emulator)), inputs);
    expect([await names(), await rows()]).toEqual([["dokploy-network", NAME], [NAME]]);
  });

  it("is made for an environment of a release that left it to its services", async () => {
    const { network: _, ...before } = inputs;
    const { id, outs } = await createEnvironment(fixture.context, before);
    expect(await names()).not.toContain(NAME);
    expect([environmentChanges(outs, before), environmentChanges(outs, inputs)]).toEqual([false, true]);
    const updated = await updateEnvironment(fixture.context, id, outs, inputs);
    expect(await names()).toContain(NAME);
    expect(environmentChanges(updated.outs, inputs)).toBe(false);
    expect(await readEnvironment(fixture.context, id, updated.outs)).toMatchObject({
      props: { network: NAME },
      inputs,
    });
  });

  it("that a service of an older release made is used as it is", async () => {
    const text = onNetwork("a").replace(", external: true", "");
    await fixture.engine.up(fixture.context, { services: [{ name: "a", composeFile: text }] });
    await createEnvironment(fixture.context, inputs);
    expect(await rows()).toEqual([]);
    expect(await fixture.engine.up(fixture.context, { services })).toMatchObject({
      a: { op: "update" },
      b: { op: "create" },
    });
  });

  it("is made before a deployment that needs it, once for all that deploy together", async () => {
    const requests = await fixture.requests(() => fixture.engine.up(fixture.context, { services }));
    expect(requests).toMatchObject({ "network.create": 1, "network.all": 1, "network.networksToSync": 1 });
    expect(await rows()).toEqual([NAME]);
  });

  it("is not asked for by a deployment that needs none", async () => {
    const plain = [{ name: "a", composeFile: composeFile("a") }];
    const requests = await fixture.requests(() => fixture.engine.up(fixture.context, { services: plain }));
    expect(Object.keys(requests).filter((name) => name.startsWith("network."))).toEqual([]);
  });

  it("is made again after a prune, under its one name", async () => {
    await createEnvironment(fixture.context, inputs);
    await fixture.containers.removeNetwork(NAME);
    const context = contextTo(connect(fixture.emulator));
    await fixture.engine.up(context, { services });
    expect([await names(), await rows()]).toEqual([["dokploy-network", NAME], [NAME]]);
  });

  it("that somebody else makes at the same time is as good", async () => {
    const others = [1, 2, 3, 4].map(() => connect(fixture.emulator));
    await Promise.all(others.map((dokploy) => ensureNetwork(dokploy, NAME)));
    expect([await names(), await rows()]).toEqual([["dokploy-network", NAME], [NAME]]);
  });

  it("that went in the middle of an update is named, and the next one makes it", async () => {
    await createEnvironment(fixture.context, inputs);
    await fixture.containers.removeNetwork(NAME);
    const result = await fixture.engine.up(fixture.context, { services: services.slice(0, 1) });
    expect(result.a).toMatchObject({
      op: "fail",
      reason: expect.stringContaining(
        `network ${NAME}, on which a talks with the others, is not there (run the update again, which makes it; on a Dokploy before v0.30 run docker network create ${NAME} on the server first)`,
      ),
    });
    expect(await fixture.engine.up(fixture.context, { services: services.slice(0, 1) })).toEqual({
      a: { op: "update" },
    });
  });

  it("cannot be made by an older Dokploy: its deployment says the command", async () => {
    const context = contextTo({ ...fixture.dokploy, version: async () => [0, 29, 13] as const });
    const requests = await fixture.requests(async () => {
      await createEnvironment(context, inputs);
      const result = await fixture.engine.up(context, { services: services.slice(0, 1) });
      expect(result.a?.reason).toContain(`docker network create ${NAME}`);
    });
    expect(Object.keys(requests).filter((name) => name.startsWith("network."))).toEqual([]);
  });

  it("goes with the environment, unless somebody is on it", async () => {
    const { id, outs } = await createEnvironment(fixture.context, inputs);
    await fixture.engine.up(fixture.context, { services: services.slice(0, 1) });
    await deleteEnvironment(fixture.context, id, outs);
    expect(await names()).toContain(NAME);
    await fixture.engine.up(fixture.context, { services: [] });
    await deleteEnvironment(fixture.context, id, outs);
    expect([await names(), await rows()]).toEqual([["dokploy-network"], []]);
  });
});
