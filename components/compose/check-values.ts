import type { Context } from "./context.ts";
import { parseDuration } from "./duration.ts";
import type { PlainFile } from "./normalise.ts";
import type { Path } from "./problem.ts";
import { scalars } from "./walk.ts";

type Rule = [where: RegExp, isRight: (text: string) => boolean, message: string, hint: string];

const isSize = (text: string) => /^\d+(\.\d+)? ?([kmgtp]i?)?b?$/i.test(text);
const isBoolean = (text: string) => /^(1|0|t|f|true|false|y|n|yes|no|on|off)$/i.test(text);
const isCount = (text: string) => /^\d+$/.test(text);
const isNumber = (text: string) => /^\d+(\.\d+)?$/.test(text);
const isHost = (text: string) => /^[^=:]+[=:].+$/.test(text);

/** Values for which the schema takes any text, but Compose does not. Looked for at the dotted path below a container. */
const SERVICE_RULES: Rule[] = [
  [
    /^(mem_limit|mem_reservation|memswap_limit|shm_size|deploy\.resources\.\w+\.memory)$/,
    (text) => isSize(text) || text === "-1",
    "is no size",
    "write `512m` or `2g`",
  ],
  [
    /^(stop_grace_period|healthcheck\.(interval|timeout|start_period))$/,
    (text) => parseDuration(text) !== undefined,
    "is no duration",
    "write `5s` or `1m30s`",
  ],
  [
    /^(read_only|init|privileged|tty|stdin_open|volumes\.\d+\.read_only)$/,
    isBoolean,
    "is not true or false",
    "write `true` or `false`",
  ],
  [/^(healthcheck\.retries|scale|deploy\.replicas)$/, isCount, "is no number", "write a whole number"],
  [/^ulimits\./, (text) => isCount(text) || text === "-1", "is no number", "write a whole number, or -1 for no limit"],
  [/^(cpus|deploy\.resources\.\w+\.cpus)$/, isNumber, "is no number", "write `0.5`"],
  [/^extra_hosts\.\d+$/, isHost, "is no host with its address", "write `name=1.2.3.4`"],
  [/^(secrets|configs)\.\d+\.mode$/, (text) => /^0?[0-7]{3,4}$/.test(text), "is no mode", 'write `"0400"`'],
];

/** Compose would refuse these on the server, after the deployment began. Values that hold a variable are left to it. */
export function checkValues(compose: PlainFile, context: Context): void {
  for (const [key, service] of Object.entries(compose.services)) {
    for (const { path, value } of scalars(service)) {
      const rule = SERVICE_RULES.find(([where]) => where.test(path.join(".")));
      if (rule) checkValue(value, ["services", key, ...path], rule, context);
    }
    const [first] = Array.isArray(service.healthcheck?.test) ? service.healthcheck.test : ["CMD"];
    if (!["CMD", "CMD-SHELL", "NONE"].includes(first ?? "")) {
      const hint = "begin it with `CMD` or `CMD-SHELL`";
      context.report(["services", key, "healthcheck", "test"], `a test cannot begin with \`${first}\``, hint);
    }
  }
  for (const [key, volume] of Object.entries(compose.volumes ?? {})) {
    const rule: Rule = [/./, isBoolean, "is not true or false", "write `true` or `false`"];
    const external = volume?.external;
    if (typeof external !== "object") checkValue(external, ["volumes", key, "external"], rule, context);
  }
}

function checkValue(value: unknown, path: Path, [, isRight, message, hint]: Rule, context: Context): void {
  if (value === undefined || value === null) return;
  const text = String(value);
  if (!text.includes("$") && !isRight(text)) context.report(path, `\`${text}\` ${message}`, hint);
}
