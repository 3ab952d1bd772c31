import { expect, test } from "vitest";
import { endless, type Fixture } from "./fixture.ts";
import { describeOnEachHost } from "./hosts.ts";
import { asBefore, planSketches, type Sketch, withRoutes } from "./planned.ts";

/** Two services that each have a database and a cache of their own, and one that others lean on. */
const sketches: Record<string, Sketch> = {
  shop: {
    needs: ["search"],
    containers: { shop: ["SEARCH=http://search.invalid"], postgres: [], redis: [] },
    routed: ["shop"],
    data: ["postgres"],
  },
  blog: {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Compose's
    containers: { web: ["SEARCH=http://platform-search${SUFFIX:-}:9200"], postgres: [], redis: [] },
    routed: ["web"],
    data: ["postgres"],
  },
  search: { containers: { search: [] }, data: ["search"] },
};

async function deploy(stage: Fixture, suffix: string): Promise<void> {
  const { ok } = await stage.host.containers.createNetwork(`platform${suffix}`, "bridge");
  expect(ok).toBe(true);
  for (const [name, plan] of planSketches(sketches, suffix)) {
    const { ok, output } = await stage.up(`${name}${suffix}`, withRoutes(plan), { wait: 30 });
    expect(ok, output).toBe(true);
    expect(output).not.toMatch(/was not created|orphan/i);
  }
}

/** Up to nine projects, each waited for: real containers take their time. */
const LONG = 300_000;

describeOnEachHost("networks", (stage) => {
  test(
    "lead a bare name to the sibling, in each of two services in each of two environments",
    async () => {
      const { host, id, up } = stage();
      const suffixes = [`-a${id}`, `-b${id}`];
      // Somebody else's containers on Dokploy's own network, with the very same names.
      const foreign = `services: {postgres: {${endless}, networks: [dokploy-network]}, redis: {${endless}, networks: [dokploy-network]}}\nnetworks: {dokploy-network: {external: true}}\n`;
      expect((await up("foreign", foreign)).ok).toBe(true);
      for (const suffix of suffixes) await deploy(stage(), suffix);

      for (const suffix of suffixes) {
        for (const [service, main] of [
          ["shop", `platform-shop${suffix}`],
          ["blog", `platform-blog-web${suffix}`],
        ] as const) {
          const own = (container: string) => `platform-${service}-${container}${suffix}`;
          for (const from of [main, own("redis")]) {
            expect(await host.resolve(from, "postgres")).toEqual([own("postgres")]);
            expect(await host.resolve(from, own("postgres"))).toEqual([own("postgres")]);
          }
          expect(await host.resolve(main, "redis")).toEqual([own("redis")]);
          expect(await host.resolve(own("postgres"), service === "shop" ? "shop" : "web")).toEqual([main]);
        }
      }
    },
    LONG,
  );

  test(
    "let nobody see the database of another service, and whoever says so what serves all",
    async () => {
      const { host, id } = stage();
      const [suffix, other] = [`-a${id}`, `-b${id}`];
      await deploy(stage(), suffix);
      await deploy(stage(), other);
      const [shop, blog, search] = [`platform-shop${suffix}`, `platform-blog-web${suffix}`, `platform-search${suffix}`];
      for (const from of [shop, search, `platform-shop-postgres${suffix}`]) {
        expect(await host.resolve(from, `platform-blog-postgres${suffix}`)).toEqual([]);
        expect(await host.resolve(from, `platform-blog-redis${suffix}`)).toEqual([]);
      }
      for (const from of [shop, blog]) {
        expect(await host.resolve(from, search)).toEqual([search]);
        expect(await host.resolve(from, `platform-search${other}`)).toEqual([]);
      }
      expect(await host.resolve(`platform-blog-postgres${suffix}`, search)).toEqual([]);
      expect(await host.resolve(shop, "search")).toEqual([]);
    },
    LONG,
  );

  test(
    "of before go over one service after another: addresses and data stay",
    async () => {
      const { host, id, up, containers } = stage();
      const suffix = `-a${id}`;
      const plans = [...planSketches(sketches, suffix)];
      for (const [name, plan] of plans) expect((await up(name, asBefore(plan, suffix), { wait: 30 })).ok).toBe(true);
      const data = { shop: "shop-postgres", blog: "blog-postgres", search: "search" };
      for (const [service, container] of Object.entries(data)) {
        const volume = container === "search" ? "search-search-data" : `${container}-data`;
        await host.writeData(`platform-${container}${suffix}`, `platform-${volume}${suffix}`, "kept", service);
      }

      for (const [name, plan] of plans) {
        expect((await host.containers.createNetwork(`platform${suffix}`, "bridge")).message).toContain(
          "already exists",
        );
        const before = await containers(name);
        const { ok, output } = await up(name, withRoutes(plan), { wait: 30 });
        expect(ok, output).toBe(true);
        expect(output).not.toContain("was not created");
        const after = await containers(name);
        expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
        for (const from of ["shop", "blog-web"])
          expect(await host.resolve(`platform-${from}${suffix}`, `platform-search${suffix}`)).toHaveLength(1);
      }
      for (const [service, container] of Object.entries(data))
        expect(await host.readFile(`platform-${container}${suffix}`, "/data/kept")).toBe(service);
      expect(await host.resolve(`platform-shop${suffix}`, "postgres")).toEqual([`platform-shop-postgres${suffix}`]);
      expect(await host.resolve(`platform-shop${suffix}`, `platform-blog-postgres${suffix}`)).toEqual([]);

      // Once more, nothing happens: Compose sees each container as it wants it.
      for (const [name, plan] of plans) {
        const before = await containers(name);
        expect((await up(name, withRoutes(plan), { wait: 30 })).ok).toBe(true);
        expect(await containers(name)).toEqual(before);
      }
      // And back again, as a rollback does it.
      for (const [name, plan] of plans) expect((await up(name, asBefore(plan, suffix), { wait: 30 })).ok).toBe(true);
      expect(await host.readFile(`platform-search${suffix}`, "/data/kept")).toBe("search");
    },
    LONG,
  );

  test("lead to replicas, which have no container name", async () => {
    const { host, id, up } = stage();
    const suffix = `-a${id}`;
    await host.containers.createNetwork(`platform${suffix}`, "bridge");
    const plan = planSketches({ wiki: { containers: { wiki: [], worker: [] }, routed: ["wiki"] } }, suffix).get("wiki");
    const text = withRoutes(plan!).replace(/^ +container_name: platform-wiki-worker.*\n/m, "    scale: 2\n");
    const { ok, output } = await up("wiki", text, { wait: 30 });
    expect(ok, output).toBe(true);
    expect(await host.resolve(`platform-wiki${suffix}`, "worker")).not.toEqual([]);
  });
});
