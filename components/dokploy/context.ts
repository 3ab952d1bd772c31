import { showLine } from "../../text/characters.ts";
import { type Seen, tellSeen } from "../engine/seen.ts";
import { isHandedOver, type StackConfig } from "../engine/stack-config.ts";
import type { ProvenContainers } from "../look/left.ts";
import { type PrometheusConnection, prometheusConnection } from "./api/checks/prometheus.ts";
import { connectDokploy, type Dokploy } from "./api/client.ts";
import { dokployConnection, serverUrl } from "./api/connection.ts";
import { readGivenUp } from "./rules/data/give-up.ts";
import { fingerprintKey } from "./rules/fingerprint.ts";
import { readProven } from "./seen/proven.ts";
import { DEFAULT_TIMING, type Timing } from "./timing.ts";

/** Everything that an operation works with. */
export interface Context {
  dokploy: Dokploy;
  /** What deployments are made for, e.g. `v1.0.2 3f2a1c9`; "" when nobody says. */
  release: string;
  /** Key of fingerprints; undefined without PLATFORM_KEY. */
  key: Buffer | undefined;
  /** Keys that must never show up in an error. */
  secrets: string[];
  /** Other addresses of the same server, e.g. the one that people's laptops use. */
  alsoAt: string[];
  /** What is not found on the server counts as deleted, even when that is everything. */
  allowEmpty: boolean;
  /** Full names of volumes that a person gave up: containers may start without them. */
  givenUp: ReadonlySet<string>;
  timing: Timing;
  /** Where Prometheus is; throws `config_invalid` where that is not said. Only who has a check of that kind asks. */
  prometheus?(): PrometheusConnection;
  /** Is told of everything that was read or left, where somebody wants to know. */
  tell?: (seen: Seen) => void;
  /** What the last look saw of containers, where there was one. */
  proven?: ProvenContainers;
}

/** A tag and a commit are shorter. It stands in titles and descriptions on Dokploy. */
const LONGEST_RELEASE = 100;

let last: { id: string; context: Context } | undefined;

/**
 * The context of this process, from the environment and the stack's configuration; the environment wins. With
 * `DOCKMASTER_SETTINGS=environment` it holds all there is: whoever started the engine read the stack's file as it is now, while the
 * configuration of a refresh, a read and a deletion is the one of the last update.
 *
 * The server: api/connection.ts · Prometheus: api/checks/prometheus.ts · `PLATFORM_KEY` (or `platform:key`): keys of fingerprints · `DOKPLOY_ALSO_AT` (or `dokploy:alsoAt`):
 * other addresses of the same server, separated by commas · `DOCKMASTER_RELEASE`: what deployments are made for · `DOCKMASTER_ALLOW_EMPTY=1`: what is not found on the server counts as deleted, even when that is everything ·
 * `DOCKMASTER_NEW_KEY=1`: another master key is meant (environment.ts) · `DOCKMASTER_GIVE_UP`: full names of volumes that containers may
 * start without, separated by commas · `DOCKMASTER_SEEN`: a file to which is told how everything was found or left (engine/seen.ts) ·
 * `DOCKMASTER_PROVEN`: a file that tells which containers the last look saw (seen/proven.ts).
 *
 * Throws `config_invalid` when address or key are missing or unusable.
 */
export function contextFrom(given: StackConfig | undefined, env: NodeJS.ProcessEnv = process.env): Context {
  const config = isHandedOver(env) ? undefined : given;
  const connection = dokployConnection(config, env);
  const { apiKey } = connection;
  const platformKey = env.PLATFORM_KEY || config?.get("platform:key");
  const release = showLine(env.DOCKMASTER_RELEASE ?? "").slice(0, LONGEST_RELEASE);
  const allowEmpty = env.DOCKMASTER_ALLOW_EMPTY === "1";
  const alsoAt = (env.DOKPLOY_ALSO_AT || config?.get("dokploy:alsoAt") || "")
    .split(",")
    .filter((entry) => entry.trim());
  const givenUp = readGivenUp(env);
  const token = env.PROMETHEUS_TOKEN || config?.get("prometheus:token");
  const metrics = [env.PROMETHEUS_URL || config?.get("prometheus:url"), token];
  const seen = env.DOCKMASTER_SEEN;
  const id = JSON.stringify([
    connection,
    platformKey,
    release,
    allowEmpty,
    alsoAt,
    [...givenUp],
    metrics,
    seen,
    env.DOCKMASTER_PROVEN,
  ]);
  if (last?.id !== id) {
    const context: Context = {
      dokploy: connectDokploy(connection),
      release,
      key: fingerprintKey(platformKey),
      secrets: [apiKey, platformKey, token?.trim()].flatMap((secret) => secret || []),
      alsoAt: alsoAt.map(serverUrl),
      allowEmpty,
      givenUp,
      timing: DEFAULT_TIMING,
      prometheus: () => prometheusConnection(given, env),
      ...(seen && { tell: (what) => tellSeen(what, seen) }),
      proven: readProven(env.DOCKMASTER_PROVEN),
    };
    last = { id, context };
  }
  return last.context;
}
