import { expect, test } from "vitest";
import { labelledRoutes } from "../../../../../components/dokploy/rules/labels.ts";
import { domainLabels } from "../../../../../emulator/deploy/domain-labels.ts";

const DOMAIN = {
  host: "Web.example.org",
  https: true,
  port: 80,
  path: "/" as string | null,
  uniqueConfigKey: 7,
  customEntrypoint: null,
  certificateType: "letsencrypt",
  internalPath: "/",
  stripPath: false,
  middlewares: [],
  customCertResolver: null,
};

function labels(patch: Partial<typeof DOMAIN>): Record<string, string> {
  const domain = { ...DOMAIN, ...patch } as unknown as Parameters<typeof domainLabels>[1];
  const lines = ["web", "websecure"].flatMap((entry) => domainLabels("web-abc123", domain, entry));
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)) as [string, string][]);
}

test.each([
  ["a host", {}, ["web.example.org/"]],
  ["a path", { path: "/admin" }, ["web.example.org/admin"]],
  ["no path", { path: null }, ["web.example.org/"]],
])("reads the route of %s once, however many routers it has", (_name, patch, routes) => {
  expect(labelledRoutes(labels(patch), "web-abc123")).toEqual(routes);
});

test("leaves alone what the compose file says itself, and what is another project's", () => {
  const own = { "traefik.http.routers.web-abc123.rule": "Host(`own.example.org`)", "traefik.enable": "true" };
  expect(labelledRoutes({ ...own, ...labels({}) }, "web-abc1")).toEqual([]);
  expect(labelledRoutes(own, "web-abc123")).toEqual([]);
});
