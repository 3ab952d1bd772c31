import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { convertCompose } from "../../../../emulator/deploy/convert-compose.ts";
import { newComposeRow } from "../../../../emulator/procedures/compose-row.ts";
import type { ComposeRow, DomainRow } from "../../../../emulator/state/records.ts";

const { sent, converted } = JSON.parse(
  readFileSync(new URL("../../../fixtures/walk/tables/reserialised.json", import.meta.url), "utf8"),
) as { sent: string; converted: string };

function compose(composeFile: string, patch: Partial<ComposeRow> = {}): ComposeRow {
  const row = newComposeRow({ name: "web", environmentId: "e", composeFile, sourceType: "raw" }, "");
  return { ...row, appName: "web-8ep1kd", ...patch };
}

function domain(patch: Partial<DomainRow> = {}): DomainRow {
  return {
    domainId: "d",
    host: "web.test",
    https: false,
    port: 8080,
    customEntrypoint: null,
    path: "/",
    serviceName: "web",
    domainType: "compose",
    uniqueConfigKey: 7,
    createdAt: "",
    composeId: "c",
    customCertResolver: null,
    applicationId: null,
    previewDeploymentId: null,
    certificateType: "none",
    internalPath: "/",
    stripPath: false,
    middlewares: [],
    forwardAuthEnabled: false,
    enabled: true,
    ...patch,
  };
}

const convert = (text: string, domains: DomainRow[] = [], patch: Partial<ComposeRow> = {}) =>
  parse(convertCompose(compose(text, patch), domains) ?? "");

describe("the converted compose file", () => {
  it("is the recorded one, quoted scalars that change included", () => {
    expect(convertCompose(compose(sent), [])).toBe(converted);
  });

  it("is nothing when the text holds nothing", () => {
    expect(convertCompose(compose("# only a comment\n"), [])).toBeUndefined();
  });

  it("refuses text that is not YAML, with the place", () => {
    expect(() => convertCompose(compose("services:\n  web: [oops\n"), [])).toThrow("at line 3, column 1");
  });

  it("adds the labels of a plain domain and both networks", () => {
    expect(convert("services: {web: {image: a}}", [domain()])).toEqual({
      services: {
        web: {
          image: "a",
          labels: [
            "traefik.docker.network=dokploy-network",
            "traefik.http.routers.web-8ep1kd-7-web.rule=Host(`web.test`)",
            "traefik.http.routers.web-8ep1kd-7-web.entrypoints=web",
            "traefik.http.services.web-8ep1kd-7-web.loadbalancer.server.port=8080",
            "traefik.http.routers.web-8ep1kd-7-web.service=web-8ep1kd-7-web",
            "traefik.enable=true",
          ],
          networks: ["dokploy-network", "default"],
        },
      },
      networks: { "dokploy-network": { external: true } },
    });
  });

  it("redirects an https domain and serves it on the second router", () => {
    const { labels } = convert("services: {web: {image: a}}", [
      domain({ https: true, certificateType: "letsencrypt", path: "/api", stripPath: true }),
    ]).services.web;
    expect(labels).toContain("traefik.http.routers.web-8ep1kd-7-web.middlewares=redirect-to-https@file");
    expect(labels).toContain("traefik.http.middlewares.stripprefix-web-8ep1kd-7.stripprefix.prefixes=/api");
    expect(labels).toContain("traefik.http.routers.web-8ep1kd-7-websecure.middlewares=stripprefix-web-8ep1kd-7");
    expect(labels).toContain("traefik.http.routers.web-8ep1kd-7-websecure.tls.certresolver=letsencrypt");
    expect(labels).toContain("traefik.http.routers.web-8ep1kd-7-websecure.rule=Host(`web.test`) && PathPrefix(`/api`)");
  });

  it("keeps a service's own labels behind its own", () => {
    const { labels } = convert('services: {web: {image: a, labels: ["mine=1"]}}', [domain()]).services.web;
    expect(labels.at(-1)).toBe("mine=1");
  });

  it("adds nothing to labels that are a map", () => {
    const { labels, networks } = convert("services: {web: {image: a, labels: {mine: '1'}}}", [domain()]).services.web;
    expect(labels).toEqual({ mine: "1" });
    expect(networks).toEqual(["dokploy-network", "default"]);
  });

  it("joins networks in the form that the service has them", () => {
    const text = "services: {web: {image: a, networks: {own: {aliases: [x]}}}}\nnetworks: {own: {}}";
    const { services, networks } = convert(text, [domain()]);
    expect(services.web.networks).toEqual({ own: { aliases: ["x"] }, "dokploy-network": {}, default: {} });
    expect(Object.keys(networks)).toEqual(["own", "dokploy-network"]);
  });

  it("leaves a domain out that is switched off", () => {
    expect(convert("services: {web: {image: a}}", [domain({ enabled: false })])).toEqual({
      services: { web: { image: "a" } },
    });
  });

  it("refuses a domain on a service that is not there", () => {
    expect(() => convert("services: {web: {image: a}}", [domain({ serviceName: "db" })])).toThrow(
      'Domain "web.test" is attached to service "db" which does not exist in the compose',
    );
  });

  it("renames everything and every reference when it is randomized", () => {
    const text = `
services:
  web: {image: a, depends_on: [db], volumes: ["data:/d", "./x:/x"], networks: [n], configs: [c], secrets: [{source: s}]}
  db: {image: b, depends_on: {web: {condition: service_started}}}
volumes: {data: {}}
networks: {n: {}}
configs: {c: {content: x}}
secrets: {s: {environment: S}}
`;
    expect(convert(text, [], { randomize: true, suffix: "q" })).toEqual({
      services: {
        "web-q": {
          image: "a",
          depends_on: ["db-q"],
          volumes: ["data-q:/d", "./x:/x"],
          networks: ["n-q"],
          configs: ["c-q"],
          secrets: [{ source: "s-q" }],
        },
        "db-q": { image: "b", depends_on: { "web-q": { condition: "service_started" } } },
      },
      volumes: { "data-q": {} },
      networks: { "n-q": {} },
      configs: { "c-q": { content: "x" } },
      secrets: { "s-q": { environment: "S" } },
    });
  });
});
