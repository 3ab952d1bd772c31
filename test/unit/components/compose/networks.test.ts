import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { RenderInput } from "../../../../components/compose/context.ts";
import { prepareCompose } from "../../../../components/compose/render.ts";
import { inputFor, problemsOf, render } from "./render-example.ts";

interface Text {
  services: Record<
    string,
    { networks?: Record<string, { aliases?: string[] }>; external_links?: string[]; network_mode?: string }
  >;
  networks?: Record<string, object>;
}

const file = (containers: Record<string, string>) =>
  `services:\n${Object.entries(containers)
    .map(([key, lines]) => `  ${key}: {image: "x:1", healthcheck: {test: x}${lines && `, ${lines}`}}\n`)
    .join("")}`;
const networksOf = (text: string, changes?: Partial<RenderInput>) => parse(render(text, changes).text) as Text;
const shared = { name: "platform-staging", external: true };

describe("networks of a file", () => {
  it("with one container: the environment's, which somebody else made", () => {
    const { services, networks } = networksOf(file({ web: "" }));
    expect(networks).toEqual({ default: shared });
    expect(services["platform-web-staging"]).not.toHaveProperty("networks");
  });

  it("with one container that nobody needs: what Compose makes", () => {
    expect(networksOf(file({ web: "" }), { joins: [] })).not.toHaveProperty("networks");
  });

  it("with several: one of their own, on which each has its key, and the environment's for who joins it", () => {
    const { services, networks } = networksOf(file({ web: "", db: "" }), { joins: ["web"] });
    expect(networks).toEqual({ platform: shared });
    expect(services["platform-web-staging"]?.networks).toEqual({ default: { aliases: ["web"] }, platform: {} });
    expect(services["platform-web-db-staging"]?.networks).toEqual({ default: { aliases: ["db"] } });
  });

  it("with several that keep to themselves: one of their own", () => {
    const { services, networks } = networksOf(file({ web: "", db: "" }), { joins: [] });
    expect(networks).toBeUndefined();
    expect(services["platform-web-db-staging"]?.networks).toEqual({ default: { aliases: ["db"] } });
  });

  it("tell who is on further networks which `db` is meant", () => {
    const { services } = networksOf(file({ web: "", db: "", api: "" }), { joins: ["api"], routed: ["web"] });
    const links = ["platform-web-api-staging:api", "platform-web-db-staging:db", "platform-web-staging:web"];
    expect(services["platform-web-staging"]?.external_links).toEqual(links);
    expect(services["platform-web-api-staging"]?.external_links).toEqual(links);
    expect(services["platform-web-db-staging"]).not.toHaveProperty("external_links");
  });

  it("leave out containers that share another one's network, or have none", () => {
    const { services, networks } = networksOf(
      file({ web: "", db: 'network_mode: "service:web"', job: "network_mode: none" }),
    );
    expect(networks).toEqual({ default: shared });
    expect(services["platform-web-db-staging"]).toMatchObject({ network_mode: "service:platform-web-staging" });
    expect(services["platform-web-db-staging"]).not.toHaveProperty("networks");
  });

  it("are joined by the container in whose network one is that joins", () => {
    const text = file({ web: "", vpn: "", db: 'network_mode: "service:side"', side: 'network_mode: "service:vpn"' });
    const { services } = networksOf(text, { joins: ["db"] });
    expect(services["platform-web-vpn-staging"]?.networks).toEqual({ default: { aliases: ["vpn"] }, platform: {} });
    expect(services["platform-web-staging"]?.networks).toEqual({ default: { aliases: ["web"] } });
    expect(networksOf(file({ web: "", db: 'network_mode: "service:web"' }), { joins: ["db"] }).networks).toEqual({
      default: shared,
    });
  });

  it.each(["none", '"service:web"'])("cannot be given to a container with a route and network_mode: %s", (mode) => {
    expect(problemsOf(file({ web: "", db: `network_mode: ${mode}` }), { routed: ["db"] })).toEqual([
      expect.stringContaining("Dokploy puts a container with a route on its own network"),
    ]);
  });
});

describe("the container that brings secrets from Vault", () => {
  const agent = (joins: boolean): Partial<RenderInput> => ({
    secrets: {
      mode: "agent",
      plan: () => ({
        plans: [
          {
            name: "agent",
            agent: { image: "x:1", healthcheck: { test: "x" } },
            joins,
            volumes: {},
            configs: {},
            secrets: {},
            consumers: {},
          },
        ],
        problems: [],
      }),
    },
  });

  it.each([
    ["is where its only consumer is", file({ web: "" }), agent(false), { default: shared }, undefined],
    [
      "is alone with its consumers",
      file({ web: "", db: "" }),
      { ...agent(false), joins: [] },
      undefined,
      { default: {} },
    ],
    [
      "joins the environment's network when Vault is there",
      file({ web: "" }),
      { ...agent(true), joins: [] },
      { platform: shared },
      { default: {}, platform: {} },
    ],
  ])("%s", (_name, text, changes, networks, own) => {
    const rendered = networksOf(text, changes);
    expect(rendered.networks).toEqual(networks);
    expect(rendered.services["platform-web-agent-staging"]?.networks).toEqual(own);
  });
});

describe("full names", () => {
  const mentions = (text: string, changes: Partial<RenderInput> = {}, files = {}) =>
    [...(prepareCompose(inputFor(text, changes, files)).prepared?.mentions.web ?? [])].sort();
  const suffix = "$" + "{SUFFIX:-}";

  it("are found in lines, variables' values and mounted files, and only as whole words", () => {
    const text = file({
      web: `image: "registry/platform-image-staging:1", environment: ["A=redis://u:p@platform-redis${suffix}:6379", "B=\${ADDRESS}", "C=my-platform-no${suffix}"], volumes: ["./conf:/conf"]`,
    }).replace('image: "x:1", healthcheck: {test: x}, image', "healthcheck: {test: x}, image");
    const found = mentions(
      text,
      { env: { ADDRESS: "platform-minio-staging:9000" } },
      { conf: "host PLATFORM-postgres-staging;\n" },
    );
    expect(found).toEqual(["platform-minio-staging", "platform-postgres-staging", "platform-redis-staging"]);
  });
});

it("a sibling's bare name is its alias in any file, and never the platform's complaint", () => {
  const keys = fc.uniqueArray(fc.constantFrom("web", "redis", "postgres", "db", "cache", "queue-1"), { minLength: 2 });
  fc.assert(
    fc.property(keys, (chosen) => {
      const text = file(
        Object.fromEntries(
          chosen.map((key) => [key, `environment: [DB_HOST=${chosen[0]}, "URL=x://${chosen[1]}:1/"]`]),
        ),
      );
      const { services } = networksOf(text, { routed: [...chosen] });
      const aliases = Object.values(services).flatMap(({ networks }) => networks?.default?.aliases ?? []);
      expect(aliases.sort()).toEqual([...chosen].sort());
      for (const { external_links = [] } of Object.values(services))
        expect(external_links.map((link) => link.split(":")[1]).sort()).toEqual([...chosen].sort());
    }),
  );
});
