import { isIP } from "node:net";
import { parseDuration } from "../duration.ts";
import type { ComposeFile } from "../model.ts";
import type { Path, Report } from "../problem.ts";
import { scalars } from "../walk.ts";
import { matches, readBoolean, readFloat } from "./cast.ts";
import { isStarted } from "./dependencies.ts";
import { parsePort } from "./port.ts";
import { splitWords } from "./words.ts";

type Rule = { isRight(value: unknown): boolean; message: string; hint: string };

const isWhole = (text: string) => /^[-+]?\d+$/.test(text);

/** A size in Docker's notation. https://github.com/docker/go-units/blob/v0.5.0/size.go */
const isSize = (text: string) => {
  const [, count = "", unit = ""] = /^(.*[\d.]|.*(?= )) ?([^\d.]*)$/s.exec(text) ?? [];
  return (readFloat(count) ?? -1) >= 0 && !/^[-+]?(inf|nan)/i.test(count) && /^(b|[kmgtp](b|ib)?)?$/i.test(unit);
};

const text = (isRight: (text: string) => boolean) => (value: unknown) => typeof value !== "string" || isRight(value);

const size: Rule = { isRight: text(isSize), message: "is no size", hint: "write `512m` or `2g`" };
const duration: Rule = {
  isRight: (value) => parseDuration(String(value)) !== undefined,
  message: "is no duration",
  hint: "write `5s` or `1m30s`",
};
const toggle: Rule = {
  isRight: text((value) => readBoolean(value) !== undefined),
  message: "is not true or false",
  hint: "write `true` or `false`",
};
const whole: Rule = { isRight: text(isWhole), message: "is no number", hint: "write a whole number" };
const natural: Rule = {
  isRight: (value) => typeof value === "number" && value >= 0,
  message: "is no number of 0 or more",
  hint: "write a whole number, without quotes",
};
/** Where the value is one, but a number of 16 bits is kept of it. */
const small: Rule = {
  isRight: (value) => Number(value) < 65_536,
  message: "is more than 65535, and Compose would silently make another number of it",
  hint: "write a smaller number",
};
const share: Rule = {
  isRight: text((value) => readFloat(value) !== undefined),
  message: "is no number",
  hint: "write `0.5`",
};
const mode: Rule = {
  isRight: (value) => (typeof value === "string" ? /^[-+]?[0-7]+$/.test(value) : Number.isInteger(value)),
  message: "is no mode",
  hint: 'write `"0400"`',
};
/** Compose makes a text of a whole number there, and of nothing else. */
const plainText: Rule = {
  isRight: (value) => value === null || typeof value === "string" || Number.isInteger(value),
  message: "is no text",
  hint: "put it in quotes",
};
const count: Rule = {
  isRight: text((value) => /^all$/i.test(value) || isWhole(value)),
  message: "is no count",
  hint: "write `all` or a whole number",
};
const words: Rule = {
  isRight: text((value) => splitWords(value) !== undefined),
  message: "has a quote, a bracket or a backslash that nothing ends",
  hint: "close it, or write the words as a list",
};
const image: Rule = {
  isRight: text((value) => value === "" || imageProblem(value) === undefined),
  message: "is no name of an image",
  hint: "write `registry/name:tag` in small letters",
};
const restart: Rule = {
  isRight: text(isRestart),
  message: "is no restart policy",
  hint: "write `unless-stopped`, `always`, `no` or `on-failure:3`",
};
const namespace = (...known: string[]): Rule => ({
  isRight: text(
    (value) => value === "" || known.some((word) => value === word || (word.endsWith(":") && value.startsWith(word))),
  ),
  message: "is no namespace that Docker knows here",
  hint: `write ${known.map((word) => `\`${word}\``).join(", ")}, or leave it out`,
});
const pid = namespace("host", "service:", "container:");

/** What Compose makes of a value when it fills its own types, where the schema takes more. `*` stands for one key or index. */
const RULES: readonly [path: string, rule: Rule][] = [
  ...["mem_limit", "mem_reservation", "memswap_limit", "mem_swappiness", "shm_size", "build.shm_size"].map(at(size)),
  ...["deploy.resources.limits.memory", "deploy.resources.reservations.memory", "volumes.*.tmpfs.size"].map(at(size)),
  ...["read", "write"].flatMap((way) =>
    ["bps", "iops"].map((unit) => at(size)(`blkio_config.device_${way}_${unit}.*.rate`)),
  ),
  ...["blkio_config.weight", "blkio_config.weight_device.*.weight"].flatMap((key) => [
    at(natural)(key),
    at(small)(key),
  ]),
  ...["stop_grace_period"].map(at(duration)),
  ...["interval", "timeout", "start_period", "start_interval"].map((key) => at(duration)(`healthcheck.${key}`)),
  ...["update_config", "rollback_config"].flatMap((config) =>
    ["delay", "monitor"].map((key) => at(duration)(`deploy.${config}.${key}`)),
  ),
  ...["deploy.restart_policy.delay", "deploy.restart_policy.window"].map(at(duration)),
  ...["healthcheck.retries", "ports.*.target", "deploy.update_config.parallelism"].map(at(natural)),
  ...["deploy.rollback_config.parallelism", "deploy.restart_policy.max_attempts"].map(at(natural)),
  ...["deploy.placement.max_replicas_per_node", "volumes.*.tmpfs.mode"].map(at(natural)),
  ...["attach", "post_start.*.privileged", "pre_stop.*.privileged", "depends_on.*.restart"].map(at(toggle)),
  ...["volumes.*.bind.create_host_path", "build.no_cache", "build.pull", "build.privileged"].map(at(toggle)),
  ...["deploy.resources.limits.pids", "networks.*.priority", "networks.*.gw_priority"].map(at(whole)),
  ...["limits", "reservations"].map((key) =>
    at(whole)(`deploy.resources.${key}.generic_resources.*.discrete_resource_spec.value`),
  ),
  ...["deploy.resources.limits.cpus", "deploy.resources.reservations.cpus"].map(at(share)),
  ...["secrets.*.mode", "configs.*.mode", "build.secrets.*.mode"].map(at(mode)),
  ...["storage_opt.*", "group_add.*"].map(at(plainText)),
  ["secrets.*.driver_opts.*", plainText],
  ["configs.*.driver_opts.*", plainText],
  ...["gpus.*.count", "deploy.resources.reservations.devices.*.count"].map(at(count)),
  ...["command", "entrypoint", "post_start.*.command", "pre_stop.*.command"].map(at(words)),
];

/** What the engine takes, of containers that are started. */
const ENGINE: readonly [path: string, rule: Rule][] = [
  ...["image"].map(at(image)),
  ...["restart"].map(at(restart)),
  ...["pid"].map(at(pid)),
  ...["ipc"].map(at(namespace("host", "private", "shareable", "none", "service:", "container:"))),
  ...["uts", "userns_mode"].map(at(namespace("host"))),
];

function at(rule: Rule): (key: string) => [string, Rule] {
  return (key) => [`services.*.${key}`, rule];
}

const toPattern = ([path, rule]: readonly [string, Rule]) => ({ steps: path.split("."), rule });
const PATTERNS = { all: RULES.map(toPattern), started: [...RULES, ...ENGINE].map(toPattern) };

/** Compose would refuse these on the server, after the deployment began. */
export function checkTypes(compose: ComposeFile, report: Report): void {
  for (const { path, value } of scalars(compose)) {
    if (value === undefined || value === null) continue;
    const patterns = path[0] === "services" && isStarted(compose.services[String(path[1])]) ? "started" : "all";
    const rule = PATTERNS[patterns].find(({ steps, rule }) => matches(steps, path) && !rule.isRight(value))?.rule;
    if (rule) report(path, `\`${String(value)}\` ${rule.message}`, rule.hint);
  }
  for (const [key, service] of Object.entries(compose.services)) {
    const path = ["services", key];
    checkPorts(service.ports, [...path, "ports"], report);
    checkHosts(service.extra_hosts, [...path, "extra_hosts"], report);
    checkVariableNames(service.environment, [...path, "environment"], report);
    checkDevices(service.devices, [...path, "devices"], report);
    checkStorage(service.storage_opt, [...path, "storage_opt"], report);
  }
}

/** https://github.com/moby/moby/blob/v28.5.0/api/types/container/hostconfig.go (`ValidateRestartPolicy`) */
function isRestart(policy: string): boolean {
  const [name = "", times = ""] = policy.split(":");
  const attempts = isWhole(times) ? Number(times) : 0;
  if (name === "") return true;
  if (name === "on-failure") return attempts >= 0;
  return ["no", "none", "always", "any", "unless-stopped"].includes(name) && attempts === 0;
}

function checkPorts(ports: unknown, path: Path, report: Report): void {
  for (const [index, entry] of asList(ports).entries()) {
    const place = [...path, index];
    if (typeof entry === "object" && entry !== null) {
      const { host_ip: address } = entry as { host_ip?: unknown };
      if (typeof address === "string" && !isAddress(address))
        report([...place, "host_ip"], `\`${address}\` is no IP address`, "write one, or leave it out");
      continue;
    }
    const problem = Number.isInteger(entry) || typeof entry === "string" ? parsePort(String(entry)).problem : "no port";
    if (problem !== undefined) {
      report(place, `\`${String(entry)}\` is no port: ${problem}`, 'write `"8080:80"`, or the container\'s port alone');
    }
  }
}

function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes("%");
}

function checkHosts(hosts: unknown, path: Path, report: Report): void {
  const hint = "write `name=1.2.3.4`";
  for (const [index, entry] of asList(hosts).entries()) {
    const parts = String(entry).split(String(entry).includes("=") ? "=" : ":");
    const [name = ""] = parts;
    if (parts.length < 2 || name === "" || name.includes(":"))
      report([...path, index], `\`${String(entry)}\` is no host with its address`, hint);
  }
  if (!Array.isArray(hosts)) {
    for (const [name, value] of Object.entries((hosts ?? {}) as Record<string, unknown>)) {
      const isText = value === null || typeof value === "string" || Array.isArray(value);
      if (!isText || name === "" || /[:=]/.test(name))
        report([...path, name], `\`${name}\` is no host with its address`, hint);
    }
  }
}

function checkVariableNames(environment: unknown, path: Path, report: Report): void {
  for (const [index, entry] of asList(environment).entries()) {
    const [name = ""] = String(entry).split("=", 1);
    if (/\s$/.test(name)) report([...path, index], `\`${name}\` ends with a blank`, "leave the blank out");
  }
}

function checkDevices(devices: unknown, path: Path, report: Report): void {
  for (const [index, entry] of asList(devices).entries()) {
    if (typeof entry === "string" && entry.split(":").length > 3)
      report([...path, index], `\`${entry}\` is no device`, "write `/dev/a:/dev/b:rwm`");
  }
}

function checkStorage(options: unknown, path: Path, report: Report): void {
  for (const [key, value] of Object.entries((options ?? {}) as Record<string, unknown>)) {
    if (value !== null && typeof value === "object")
      report([...path, key], `\`${key}\` is no text`, "put it in quotes");
  }
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

// https://github.com/distribution/reference/blob/v0.6.0/reference.go has the grammar.
const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const HOST = `(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const TAG = "[\\w][\\w.-]{0,127}";
const DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
const REFERENCE = new RegExp(`^(?:${HOST}/)(${COMPONENT}(?:/${COMPONENT})*)(?::${TAG})?(?:@(${DIGEST}))?$`);

/** Hexadecimal digits that a digest of each algorithm has. */
const DIGESTS: Record<string, number> = { sha256: 64, sha384: 96, sha512: 128 };

/** Longest path of a repository, in characters. */
const MAX_PATH = 255;

/** Why no registry can have such an image; undefined when one can. */
function imageProblem(image: string): string | undefined {
  if (/^[a-f0-9]{64}$/.test(image)) return "an id instead of a name";
  const { host, rest } = splitHost(image);
  const [, path = "", digest] = REFERENCE.exec(`${host}/${rest}`) ?? [];
  if (path === "") return "no name of an image";
  if (path.length > MAX_PATH) return "too long";
  if (digest === undefined) return undefined;
  const [algorithm = "", hex = ""] = digest.split(":");
  return DIGESTS[algorithm] === hex.length && /^[a-f0-9]+$/.test(hex) ? undefined : "no digest";
}

function splitHost(image: string): { host: string; rest: string } {
  const slash = image.indexOf("/");
  const first = image.slice(0, Math.max(0, slash));
  const isHost = slash >= 0 && (first === "localhost" || /[.:]/.test(first) || first !== first.toLowerCase());
  const host = isHost && first !== "index.docker.io" ? first : "docker.io";
  const rest = isHost ? image.slice(slash + 1) : image;
  return { host, rest: host === "docker.io" && !rest.includes("/") ? `library/${rest}` : rest };
}
