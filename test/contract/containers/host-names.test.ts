import { expect, test } from "vitest";
import { endless } from "./fixture.ts";
import { describeOnEachHost } from "./hosts.ts";

/** An environment as the platform delivers it: full names, and a network of its own. */
const environment = (suffix: string) => `services:
  redis${suffix}: {${endless}, container_name: platform-redis${suffix}-ID}
networks: {default: {name: platform${suffix}-ID}}
`;

describeOnEachHost("host names", (stage) => {
  test("resolve only inside their own environment, by container name and by service key", async () => {
    const { up, host, id } = stage();
    await up("staging", environment("-staging"));
    await up("production", environment(""));
    const staging = `platform-redis-staging-${id}`;
    const production = `platform-redis-${id}`;
    expect(await host.resolve(staging, staging)).toEqual([staging]);
    expect(await host.resolve(staging, "redis-staging")).toEqual([staging]);
    expect(await host.resolve(staging, production)).toEqual([]);
    expect(await host.resolve(staging, "redis")).toEqual([]);
    expect(await host.resolve(production, production)).toEqual([production]);
    expect(await host.resolve(production, staging)).toEqual([]);
  });

  test("of one environment reach over projects that share its network", async () => {
    const { up, host, id } = stage();
    const file = (key: string) =>
      `services: {${key}: {${endless}, container_name: platform-${key}-ID}}\nnetworks: {default: {name: platform-ID}}\n`;
    await up("postgres", file("postgres"));
    const { ok, output } = await up("redis", file("redis"));
    expect(ok).toBe(true);
    expect(output).toContain("a network with name platform-ID exists but was not created for project");
    expect(await host.resolve(`platform-redis-${id}`, `platform-postgres-${id}`)).toEqual([`platform-postgres-${id}`]);
  });

  test("a network that others are on outlives the project that made it", async () => {
    const { up, down, host, id } = stage();
    const file = (key: string) =>
      `services: {${key}: {${endless}, container_name: platform-${key}-ID}}\nnetworks: {default: {name: platform-ID}}\n`;
    await up("postgres", file("postgres"));
    await up("redis", file("redis"));
    await down("postgres", true);
    expect((await up("minio", file("minio"))).ok).toBe(true);
    expect(await host.resolve(`platform-redis-${id}`, `platform-minio-${id}`)).toEqual([`platform-minio-${id}`]);
  });

  test("service keys that two projects share on dokploy-network lead to both", async () => {
    const { up, host, id, app } = stage();
    const shared = `services: {db-ID: {${endless}, networks: [dokploy-network]}}\nnetworks: {dokploy-network: {external: true}}\n`;
    await up("first", shared);
    await up("second", shared);
    const first = `${app("first")}-db-${id}-1`;
    const second = `${app("second")}-db-${id}-1`;
    expect(await host.resolve(first, `db-${id}`)).toEqual([first, second]);
  });

  test("a container without dokploy-network is not seen from it", async () => {
    const { up, host, app } = stage();
    const file = `services:
  front: {${endless}, networks: [default, dokploy-network]}
  back: {${endless}}
networks: {dokploy-network: {external: true}}
`;
    await up("first", file);
    await up(
      "second",
      `services: {spy: {${endless}, networks: [dokploy-network]}}\nnetworks: {dokploy-network: {external: true}}\n`,
    );
    const spy = `${app("second")}-spy-1`;
    expect(await host.resolve(spy, `${app("first")}-back-1`)).toEqual([]);
    expect(await host.resolve(spy, `${app("first")}-front-1`)).toEqual([`${app("first")}-front-1`]);
    expect(await host.resolve(`${app("first")}-front-1`, "back")).toEqual([`${app("first")}-back-1`]);
  });

  test("an external network that is missing is an error, in a swarm only of the container that wants to be on it", async () => {
    const { up, host } = stage();
    const { ok, output } = await up(
      "app",
      `services: {web: {${endless}, networks: [gone]}}\nnetworks: {gone: {name: gone-ID, external: true}}\n`,
    );
    const error = (await host.managesSwarm())
      ? "Error response from daemon: Could not attach to network gone-ID: rpc error: code = NotFound desc = network gone-ID not found"
      : "network gone-ID declared as external, but could not be found";
    expect({ ok, error: output.split("\n").at(-1) }).toEqual({ ok: false, error });
  });
});
