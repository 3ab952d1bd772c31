import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** What Prometheus reads. Labels are closed sets: stacks, states, codes, routes; and the one release that a stack has. */
export type Metrics = ReturnType<typeof createMetrics>;

/** Seconds that a run or a part of it takes. */
const DURATIONS = [0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 1800];

/** Seconds from a commit to the stack: minutes for a fix, weeks for what waited for its release. */
const LEAD_TIMES = [60, 300, 900, 3_600, 14_400, 86_400, 259_200, 604_800, 2_592_000];

/** Makes the runner's metrics, in a registry of their own. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  // Ten times a second: a hundred, the default, is half of what a runner at rest costs.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  return {
    registry,
    requests: new Counter({
      name: "dockmaster_http_requests_total",
      help: "Requests answered, by route and status",
      labelNames: ["method", "route", "status"],
      registers,
    }),
    signatureFailures: new Counter({
      name: "dockmaster_signature_failures_total",
      help: "Requests refused for their signature, by reason",
      labelNames: ["code"],
      registers,
    }),
    signatureChecks: new Counter({
      name: "dockmaster_signature_checks_total",
      help: "Requests whose signature was checked",
      registers,
    }),
    runs: new Counter({
      name: "dockmaster_runs_total",
      help: "Runs that ended, by stack, kind, state and cause",
      labelNames: ["env", "kind", "state", "cause"],
      registers,
    }),
    services: new Counter({
      name: "dockmaster_services_total",
      help: "Services of ended runs, by stack and result",
      labelNames: ["env", "result"],
      registers,
    }),
    phases: new Histogram({
      name: "dockmaster_run_phase_seconds",
      help: "How long the parts of a run took: queue, checkout, dependencies, engine",
      labelNames: ["env", "phase"],
      buckets: DURATIONS,
      registers,
    }),
    leadTime: new Histogram({
      name: "dockmaster_lead_time_seconds",
      help: "How long after it was made a commit first came to a stack, by a deploy that succeeded",
      labelNames: ["env"],
      buckets: LEAD_TIMES,
      registers,
    }),
    queueDepth: new Gauge({
      name: "dockmaster_queue_depth",
      help: "Runs that wait for their turn, by stack",
      labelNames: ["env"],
      registers,
    }),
    queueAge: new Gauge({
      name: "dockmaster_queue_age_seconds",
      help: "How long the oldest waiting run waits, by stack",
      labelNames: ["env"],
      registers,
    }),
    behindBy: new Gauge({
      name: "dockmaster_behind_by",
      help: "Commits of the main branch that the stack does not have",
      labelNames: ["env"],
      registers,
    }),
    lastSuccess: new Gauge({
      name: "dockmaster_last_success_timestamp_seconds",
      help: "When a deploy or sync last succeeded, by stack",
      labelNames: ["env"],
      registers,
    }),
    release: new Gauge({
      name: "dockmaster_release_timestamp_seconds",
      help: "Since when the stack has the release that it has, by tag and commit",
      labelNames: ["env", "tag", "commit"],
      registers,
    }),
    drift: new Gauge({
      name: "dockmaster_drifted_services",
      help: "Services that the last drift check found changed by hand, by stack",
      labelNames: ["env"],
      registers,
    }),
    hold: new Gauge({
      name: "dockmaster_hold",
      help: "1 while somebody holds the stack, so that what goes forward waits",
      labelNames: ["env"],
      registers,
    }),
    findings: new Gauge({
      name: "dockmaster_findings",
      help: "What the runner sees now that is not as the last update left it, by stack, service and kind",
      labelNames: ["env", "service", "kind"],
      registers,
    }),
    observedRestarts: new Counter({
      name: "dockmaster_observed_restarts_total",
      help: "Restarts of containers that the runner saw and had not asked for, by stack and service",
      labelNames: ["env", "service"],
      registers,
    }),
    looks: new Counter({
      name: "dockmaster_looks_total",
      help: "Looks at what runs, by stack and what they came to: left, found, starting, unknown",
      labelNames: ["env", "verdict"],
      registers,
    }),
    lookSeconds: new Histogram({
      name: "dockmaster_look_seconds",
      help: "How long a look at a stack took",
      buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
      registers,
    }),
    lockBreaks: new Counter({
      name: "dockmaster_lock_breaks_total",
      help: "Stack locks of our own dead updates that were removed",
      labelNames: ["env"],
      registers,
    }),
    health: new Gauge({
      name: "dockmaster_health",
      help: "1 while a function that the runner needs works, 0 while it is broken",
      labelNames: ["check"],
      registers,
    }),
    healthFailures: new Gauge({
      name: "dockmaster_health_failures",
      help: "How often in a row the check of a function failed; 0 while it works",
      labelNames: ["check"],
      registers,
    }),
    secretAge: new Gauge({
      name: "dockmaster_secret_age_seconds",
      help: "Age of secrets that are read from files",
      labelNames: ["name"],
      registers,
    }),
    lookContradictions: new Counter({
      name: "dockmaster_look_contradictions_total",
      help: "Full checks that found what looks right before and after them called as left, by stack",
      labelNames: ["env"],
      registers,
    }),
    dokployRequests: new Counter({
      name: "dockmaster_dokploy_requests_total",
      help: "Requests of the runner itself to Dokploy, by status",
      labelNames: ["status"],
      registers,
    }),
  };
}
