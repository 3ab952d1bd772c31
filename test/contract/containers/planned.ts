import { parse, stringify } from "yaml";
import { printProblem } from "../../../components/compose/problem.ts";
import type { ServicePlan } from "../../../components/platform/plan.ts";
import { planServices } from "../../../components/platform/plan-services.ts";
import { defineService, type Service } from "../../../components/platform/service.ts";

const KEY = "a-master-key-that-is-long-enough-for-all";

/** A service for these tests: its containers, each with the lines of its definition besides the image. */
export interface Sketch {
  needs?: string[];
  /** Container → its environment. */
  containers: Record<string, readonly string[]>;
  /** Containers with a route. */
  routed?: string[];
  /** Containers with the volume `<container>-data` at `/data`. */
  data?: string[];
}

/** The texts that Dokploy gets for these services in an environment whose names end on `suffix`. */
export function planSketches(sketches: Record<string, Sketch>, suffix: string): Map<string, ServicePlan> {
  const names = Object.keys(sketches);
  const { services, problems } = planServices(
    { stack: "test", domain: "example.org", suffix, key: KEY, services: names, settings: {} },
    {
      catalogue: Object.entries(sketches).map(([name, sketch]) => toService(name, sketch)),
      readFile: (name, path) =>
        path === "compose.yaml" && sketches[name]
          ? { bytes: new TextEncoder().encode(fileOf(sketches[name])), executable: false }
          : undefined,
      configProblem: (key, path, message, hint) => ({ file: [key, ...path].join("."), message, hint }),
    },
  );
  if (problems.length > 0) throw new Error(problems.map(printProblem).join("\n"));
  return new Map(services.map((plan) => [plan.name, plan]));
}

function toService(name: string, { needs = [], routed = [], data = [] }: Sketch): Service {
  return defineService({
    name,
    needs,
    settings: {},
    describe: () => ({
      routes: routed.map((container) => ({ container, port: 80, host: `${name}-${container}` })),
      data: data.map((container) => `${container}-data`),
    }),
  });
}

function fileOf({ containers, data = [] }: Sketch): string {
  const services = Object.entries(containers).map(([key, environment]) => [
    key,
    {
      image: "busybox:1.36",
      stop_grace_period: "0s",
      command: ["sleep", "3600"],
      environment,
      healthcheck: { test: ["CMD", "true"], interval: "1s", retries: 1 },
      ...(data.includes(key) ? { volumes: [`${key}-data:/data`] } : {}),
    },
  ]);
  const volumes = Object.fromEntries(data.map((key) => [`${key}-data`, null]));
  return stringify({ services: Object.fromEntries(services), volumes });
}

interface Text {
  services: Record<string, { networks?: Record<string, unknown>; external_links?: string[] }>;
  networks?: Record<string, unknown>;
}

/** What Dokploy makes of the text of a service with routes (`addDokployNetworkToService`), without Traefik's labels. */
export function withRoutes({ composeFile, domains }: ServicePlan): string {
  const text = parse(composeFile) as Text;
  for (const { service } of domains) {
    const container = text.services[service];
    if (container) container.networks = { "dokploy-network": {}, default: {}, ...container.networks };
  }
  if (domains.length > 0) text.networks = { ...text.networks, "dokploy-network": { external: true } };
  return stringify(text);
}

/** The text as releases before the private networks wrote it: all containers on the environment's network, made by whoever comes first. */
export function asBefore(plan: ServicePlan, suffix: string): string {
  const text = parse(withRoutes(plan)) as Text;
  for (const container of Object.values(text.services)) {
    delete container.external_links;
    delete container.networks;
  }
  for (const { service } of plan.domains) {
    const container = text.services[service];
    if (container) container.networks = { "dokploy-network": {}, default: {} };
  }
  const { "dokploy-network": routed } = text.networks ?? {};
  text.networks = { default: { name: `platform${suffix}` }, ...(routed ? { "dokploy-network": routed } : {}) };
  return stringify(text);
}
