import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { createMetrics } from "../../../automation/metrics.ts";

/** A page of metrics on loopback. */
export interface MetricsPage {
  url: string;
  close(): void;
}

/** Serves a registry; `before` is called before each answer. */
async function serve(registry: Registry, before: () => void): Promise<MetricsPage> {
  const server = createServer((_, response) => {
    before();
    registry.metrics().then((text) => response.setHeader("content-type", registry.contentType).end(text));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    close: () => void server.close(),
  };
}

/** Values of labels that queries ask for by name; any other label says what it is. */
const LABELS: Record<string, string[]> = {
  env: ["staging"],
  kind: ["deploy"],
  state: ["succeeded", "failed"],
};

/** The runner's own metrics where everything that can happen has happened, and goes on happening. */
export function serveAllMetrics(): Promise<MetricsPage> {
  const { registry, ...metrics } = createMetrics();
  return serve(registry, () => {
    for (const metric of Object.values(metrics)) {
      const { labelNames } = metric as unknown as { labelNames: string[] };
      for (const labels of combine(labelNames)) {
        if (metric instanceof Counter) (metric as Counter).inc(labels);
        else if (metric instanceof Gauge) (metric as Gauge).set(labels, 1);
        else (metric as Histogram).observe(labels, 1);
      }
    }
  });
}

function combine(names: readonly string[]): Record<string, string>[] {
  return names.reduce<Record<string, string>[]>(
    (all, name) =>
      all.flatMap((labels) => (LABELS[name] ?? [`some ${name}`]).map((value) => ({ ...labels, [name]: value }))),
    [{}],
  );
}

/**
 * What Traefik tells of its services, by its own names and labels (traefik/traefik v3, pkg/observability/metrics/prometheus.go): one
 * request in four fails, and takes long.
 */
export function serveTraefik(): Promise<MetricsPage> {
  const registry = new Registry();
  const labelNames = ["code", "method", "protocol", "service"];
  const about = { labelNames, registers: [registry] };
  const requests = new Counter({ name: "traefik_service_requests_total", help: "How many HTTP requests", ...about });
  const seconds = new Histogram({
    name: "traefik_service_request_duration_seconds",
    help: "How long it took",
    buckets: [0.1, 0.3, 1.2, 5],
    ...about,
  });
  const service = "platform-minio-console-1-websecure@docker";
  const request = (code: string, took: number) => {
    const labels = { code, method: "GET", protocol: "http", service };
    requests.inc(labels);
    seconds.observe(labels, took);
  };
  return serve(registry, () => {
    for (let n = 0; n < 3; n += 1) request("200", 0.05);
    request("502", 4);
  });
}
