import { allowedHosts, explainInsecure, findInsecure } from "../../../../tools/outgoing/insecure.mjs";
import { type NoAnswer, Redirected, request } from "../../../../tools/outgoing/request.mjs";
import { isHandedOver, type StackConfig } from "../../../engine/stack-config.ts";
import { type Answer, readAnswer } from "../../rules/checks/prometheus-answer.ts";
import { ServiceError } from "../../rules/service-error.ts";

/** Where Prometheus is, or a server that speaks its API (Thanos, Mimir, VictoriaMetrics). */
export interface PrometheusConnection {
  /** Without a slash at its end. */
  url: string;
  /** Sent as `Authorization: Bearer …`. */
  token?: string;
}

/**
 * How to reach Prometheus, from the environment and the stack's configuration; the environment wins. `PROMETHEUS_URL` (or
 * `prometheus:url`): the server · `PROMETHEUS_TOKEN` (or `prometheus:token`): signs in, where it asks for that. With
 * `DOCKMASTER_SETTINGS=environment` it holds all there is. Throws `config_invalid` when the address is missing or unusable, and when it
 * is in clear and neither `ALLOW_INSECURE` nor `platform:allowInsecure` names its host.
 */
export function prometheusConnection(
  given: StackConfig | undefined,
  env: NodeJS.ProcessEnv = process.env,
): PrometheusConnection {
  const config = isHandedOver(env) ? undefined : given;
  const text = (env.PROMETHEUS_URL || config?.get("prometheus:url") || "").trim();
  const hint =
    "set PROMETHEUS_URL in the environment, or prometheus:url in the stack's file, like http://prometheus:9090";
  const refuse = (message: string, what = hint) =>
    new ServiceError("config_invalid", `PROMETHEUS_URL ${message}`, what);
  if (text === "") throw refuse("is not set, and a check asks Prometheus");
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) throw refuse("is not an http(s) address");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw refuse("has a user, a password or a query", "leave them out; PROMETHEUS_TOKEN signs in");
  const insecure = findInsecure(text, allowedHosts(env, config?.get("platform:allowInsecure")));
  if (insecure !== undefined) {
    const { message, hint: instead } = explainInsecure(insecure);
    throw refuse(message, instead);
  }
  const token = (env.PROMETHEUS_TOKEN || config?.get("prometheus:token") || "").trim();
  if (!/^[\x21-\x7e]*$/.test(token))
    throw new ServiceError(
      "config_invalid",
      "PROMETHEUS_TOKEN holds characters that no token has",
      "copy it again, without blanks or line breaks",
    );
  const path = url.pathname.replace(/\/+$/, "").replace(/\/api\/v1$/, "");
  return { url: url.origin + path, ...(token !== "" && { token }) };
}

/** Milliseconds that one query may take; Prometheus itself gives up after two minutes. */
const ANSWER_WITHIN = 30_000;

/** How a query goes out. */
export interface Asking {
  signal?: AbortSignal | undefined;
  /** Default: the project's one way out. */
  send?: typeof request;
}

/** Asks once. Never rejects: what went wrong is an answer too. */
export async function queryPrometheus(
  { url, token }: PrometheusConnection,
  query: string,
  { signal, send = request }: Asking = {},
): Promise<Answer> {
  try {
    const { status, text } = await send(`${url}/api/v1/query`, {
      method: "POST",
      headers: {
        accept: "application/json",
        "content-type": "application/x-www-form-urlencoded",
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: new URLSearchParams({ query }).toString(),
      timeoutMs: ANSWER_WITHIN,
      ...(signal && { signal }),
    });
    return readAnswer(status, text);
  } catch (error) {
    if (error instanceof Redirected) return { error: `${error.message}: ${error.hint("PROMETHEUS_URL")}` };
    return { error: `did not answer (${(error as NoAnswer).message})` };
  }
}
