import { isHandedOver, type StackConfig } from "../engine/stack-config.ts";
import { connectDokploy, type Dokploy } from "./api/client.ts";
import { readGivenUp } from "./rules/data/give-up.ts";
import { fingerprintKey } from "./rules/fingerprint.ts";
import { ServiceError } from "./rules/service-error.ts";
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
}

let last: { id: string; context: Context } | undefined;

/**
 * The context of this process, from the environment and the stack's configuration; the environment wins. With
 * `DOCKMASTER_SETTINGS=environment` it holds all there is: whoever started the engine read the stack's file as it is now, while the
 * configuration of a refresh, a read and a deletion is the one of the last update.
 *
 * `DOKPLOY_URL`, `DOKPLOY_API_KEY` (or `dokploy:url`, `dokploy:apiKey`): the server · `PLATFORM_KEY` (or `platform:key`): keys of
 * fingerprints · `DOKPLOY_ALSO_AT` (or `dokploy:alsoAt`): other addresses of the same server, separated by commas ·
 * `DOKPLOY_TIMEOUT`: seconds per request, 15 · `DOKPLOY_CONCURRENCY`: requests at once, 8 · `DOCKMASTER_RELEASE`: what deployments
 * are made for · `DOCKMASTER_ALLOW_EMPTY=1`: what is not found on the server counts as deleted, even when that is everything ·
 * `DOCKMASTER_NEW_KEY=1`: another master key is meant (environment.ts) · `DOCKMASTER_GIVE_UP`: full names of volumes that containers may
 * start without, separated by commas.
 *
 * Throws `config_invalid` when address or key are missing or unusable.
 */
export function contextFrom(given: StackConfig | undefined, env: NodeJS.ProcessEnv = process.env): Context {
  const config = isHandedOver(env) ? undefined : given;
  const url = setting("DOKPLOY_URL", "dokploy:url", config, env);
  const apiKey = setting("DOKPLOY_API_KEY", "dokploy:apiKey", config, env);
  const platformKey = env.PLATFORM_KEY || config?.get("platform:key");
  const release = env.DOCKMASTER_RELEASE ?? "";
  const allowEmpty = env.DOCKMASTER_ALLOW_EMPTY === "1";
  const alsoAt = (env.DOKPLOY_ALSO_AT || config?.get("dokploy:alsoAt") || "")
    .split(",")
    .filter((entry) => entry.trim());
  const givenUp = readGivenUp(env);
  const id = JSON.stringify([url, apiKey, platformKey, release, allowEmpty, alsoAt, [...givenUp]]);
  if (last?.id !== id) {
    const [timeout, concurrency] = [positive(env.DOKPLOY_TIMEOUT, 1000), positive(env.DOKPLOY_CONCURRENCY, 1)];
    const options = { url: serverUrl(url), apiKey: headerValue(apiKey), timeout, concurrency };
    const context: Context = {
      dokploy: connectDokploy(options),
      release,
      key: fingerprintKey(platformKey),
      secrets: platformKey ? [apiKey, platformKey] : [apiKey],
      alsoAt: alsoAt.map(serverUrl),
      allowEmpty,
      givenUp,
      timing: DEFAULT_TIMING,
    };
    last = { id, context };
  }
  return last.context;
}

function setting(variable: string, key: string, config: StackConfig | undefined, env: NodeJS.ProcessEnv): string {
  const value = env[variable] || config?.get(key);
  if (value) return value.trim();
  const secret = variable.endsWith("KEY") ? "--secret " : "";
  throw new ServiceError(
    "config_invalid",
    `${variable} is not set`,
    `set ${variable} in the environment, or run: pulumi config set ${secret}${key} <value>`,
  );
}

/** One spelling per server: no trailing or doubled slash, no `/api`, host in lower case, no default port. */
export function serverUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    throw invalidUrl();
  }
  if (!/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") throw invalidUrl();
  const path = url.pathname.replace(/\/+/g, "/").replace(/\/$/, "");
  return url.origin + path.replace(/\/api$/, "");
}

function invalidUrl(): ServiceError {
  return new ServiceError(
    "config_invalid",
    "DOKPLOY_URL is not an http(s) address",
    "write it like https://dokploy.example.org, without user name and password",
  );
}

function headerValue(apiKey: string): string {
  if (/^[\x21-\x7e]+$/.test(apiKey)) return apiKey;
  throw new ServiceError(
    "config_invalid",
    "DOKPLOY_API_KEY holds characters that no key has",
    "copy the key again, without blanks or line breaks",
  );
}

function positive(text: string | undefined, unit: number): number | undefined {
  const value = Number(text);
  return text && value > 0 ? value * unit : undefined;
}
