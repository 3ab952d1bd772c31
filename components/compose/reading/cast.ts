import type { Path, Report } from "../problem.ts";

type Cast = { read(text: string): unknown; message: string; hint: string };

const whole: Cast = {
  read: (text) => (/^[-+]?\d+$/.test(text) ? Number(text) : undefined),
  message: "is no whole number",
  hint: "write a whole number",
};
const number: Cast = {
  read: (text) => readFloat(text),
  message: "is no number",
  hint: "write a number, as `0.5`",
};
const toggle: Cast = { read: readBoolean, message: "is not true or false", hint: "write `true` or `false`" };

/** Where Compose makes a number or a switch of a text, once its variables have their values. `*` stands for one key or index. */
const CASTS: readonly [path: string, cast: Cast][] = [
  ...["cpu_count", "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpu_shares"].map(service(whole)),
  ...["deploy.replicas", "deploy.update_config.parallelism", "deploy.rollback_config.parallelism"].map(service(whole)),
  ...["deploy.restart_policy.max_attempts", "deploy.placement.max_replicas_per_node"].map(service(whole)),
  ...["healthcheck.retries", "oom_score_adj", "pids_limit", "ports.*.target", "scale"].map(service(whole)),
  ...["ulimits.*", "ulimits.*.hard", "ulimits.*.soft"].map(service(whole)),
  ...["cpu_percent", "cpus"].map(service(number)),
  ...["deploy.update_config.max_failure_ratio", "deploy.rollback_config.max_failure_ratio"].map(service(number)),
  ...["init", "healthcheck.disable", "oom_kill_disable", "privileged", "read_only"].map(service(toggle)),
  ...["stdin_open", "tty", "volumes.*.read_only", "volumes.*.volume.nocopy"].map(service(toggle)),
  ...["external", "internal", "attachable", "enable_ipv4", "enable_ipv6"].map((key): [string, Cast] => [
    `networks.*.${key}`,
    toggle,
  ]),
  ...["volumes", "secrets", "configs"].map((key): [string, Cast] => [`${key}.*.external`, toggle]),
];

function service(cast: Cast): (key: string) => [string, Cast] {
  return (key) => [`services.*.${key}`, cast];
}

const PATTERNS = CASTS.map(([path, cast]) => ({ steps: path.split("."), cast }));

/** A copy in which every text went through `fill` and then became what Compose wants at its place. */
export function castScalars(value: unknown, fill: (text: string) => string, report: Report, path: Path = []): unknown {
  if (typeof value === "string") return castOne(fill(value), path, report);
  if (Array.isArray(value)) return value.map((item, index) => castScalars(item, fill, report, [...path, index]));
  if (value === null || typeof value !== "object" || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, castScalars(item, fill, report, [...path, key])]),
  );
}

function castOne(text: string, path: Path, report: Report): unknown {
  const cast = PATTERNS.find(({ steps }) => matches(steps, path))?.cast;
  if (!cast) return text;
  const found = cast.read(text);
  if (found !== undefined) return found;
  report(path, `\`${text}\` ${cast.message}`, cast.hint);
  return text;
}

/** Whether a place is one of those that a pattern means; `*` stands for one key or index. */
export function matches(steps: readonly string[], path: Path): boolean {
  return steps.length === path.length && steps.every((step, index) => step === "*" || step === String(path[index]));
}

/** A number in Go's notation; undefined when it is none. */
export function readFloat(text: string): number | undefined {
  if (/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text)) return Number(text);
  return /^[-+]?(inf|infinity|nan)$/i.test(text) ? Number.NaN : undefined;
}

/** A switch as Compose reads a text; undefined when it is none. */
export function readBoolean(text: string): boolean | undefined {
  if (/^(true|y|yes|on)$/i.test(text)) return true;
  return /^(false|n|no|off)$/i.test(text) ? false : undefined;
}
