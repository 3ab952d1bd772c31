import { allowedHosts, explainInsecure, findInsecure } from "../../../tools/outgoing/insecure.mjs";
import type { StackConfig } from "../../engine/stack-config.ts";
import { ServiceError } from "../rules/service-error.ts";
import type { TransportOptions } from "./transport.ts";

/**
 * How to reach Dokploy, from the environment and the stack's configuration; the environment wins. `DOKPLOY_URL`, `DOKPLOY_API_KEY` (or
 * `dokploy:url`, `dokploy:apiKey`): the server · `DOKPLOY_TIMEOUT`: seconds per request, 15 · `DOKPLOY_CONCURRENCY`: requests at once, 8.
 * Throws `config_invalid` when address or key are missing or unusable, and when the key would go over the network in clear to a host that
 * neither `ALLOW_INSECURE` nor `platform:allowInsecure` names.
 */
export function dokployConnection(
  config: StackConfig | undefined,
  env: NodeJS.ProcessEnv = process.env,
): TransportOptions {
  const url = setting("DOKPLOY_URL", "dokploy:url", config, env);
  const apiKey = setting("DOKPLOY_API_KEY", "dokploy:apiKey", config, env);
  const [timeout, concurrency] = [positive(env.DOKPLOY_TIMEOUT, 1000), positive(env.DOKPLOY_CONCURRENCY, 1)];
  const connection = { url: serverUrl(url), apiKey: headerValue(apiKey) };
  const insecure = findInsecure(connection.url, allowedHosts(env, config?.get("platform:allowInsecure")));
  if (insecure !== undefined) {
    const { message, hint } = explainInsecure(insecure);
    throw new ServiceError("config_invalid", `DOKPLOY_URL ${message}`, hint);
  }
  return { ...connection, ...(timeout && { timeout }), ...(concurrency && { concurrency }) };
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
