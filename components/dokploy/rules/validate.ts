import { parse, stringify } from "yaml";
import { refusedEnv } from "../api/env.ts";
import { isRecord } from "../api/sections.ts";
import { mistakesInCheck } from "./checks/check.ts";
import { routeOf } from "./domains.ts";
import { parseDrift } from "./drift-policy.ts";
import { type DomainInput, hasUnknown, type RawComposeInputs, type withDefaults } from "./inputs.ts";
import { ServiceError } from "./service-error.ts";

type Inputs = ReturnType<typeof withDefaults<RawComposeInputs>>;

/**
 * Everything about the inputs that Dokploy would refuse, change or choke on, in one line each; empty when all is well.
 * Env values are named by key, never shown. What a preview does not know yet is not judged.
 */
export function mistakesIn(inputs: Inputs, escapes: boolean): string[] {
  return [
    ...shapeMistakes(inputs),
    ...envMistakes(inputs, escapes),
    ...domainMistakes(inputs),
    ...parseDrift({ ignore: hasUnknown(inputs.ignore) ? [] : inputs.ignore }).mistakes.map(
      ({ message, hint }) => `ignore: ${message}; ${hint}`,
    ),
    ...(Array.isArray(inputs.checks) ? inputs.checks : []).flatMap((check) =>
      hasUnknown(check) ? [] : mistakesInCheck(check),
    ),
  ];
}

/** Throws `config_invalid` with all mistakes at once. */
export function refuseMistakes(inputs: Inputs, escapes: boolean): void {
  const mistakes = mistakesIn(inputs, escapes);
  if (mistakes.length === 0) return;
  throw new ServiceError(
    "config_invalid",
    `${inputs.service}: ${mistakes.join("; ")}`,
    "nothing was sent; fix it in the program",
  );
}

function shapeMistakes(inputs: Inputs): string[] {
  const mistakes: string[] = [];
  for (const key of ["environmentId", "name", "service", "composeFile"] as const) {
    if (typeof inputs[key] !== "string" || inputs[key] === "") mistakes.push(`${key} is missing`);
  }
  const { owner } = inputs;
  const known = isRecord(owner) && !hasUnknown(owner);
  if (!owner || (known && !/^[0-9a-f]{16}$/.test(String(owner.keyId))))
    mistakes.push("owner.keyId is not 16 hexadecimal digits");
  for (const key of ["waitTimeout", "stages"] as const) {
    if (!hasUnknown(inputs[key]) && !(Number.isInteger(inputs[key]) && inputs[key] > 0))
      mistakes.push(`${key} is not a number above 0`);
  }
  if (inputs.composeFile?.includes("\0")) mistakes.push("composeFile contains a NUL character");
  return mistakes;
}

function envMistakes(inputs: Inputs, escapes: boolean): string[] {
  const { env, composeFile } = inputs;
  if ((env as unknown) === null || typeof env !== "object") return hasUnknown(env) ? [] : ["env is not a map"];
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => !hasUnknown(value)));
  const mistakes = refusedEnv(given, escapes).map(({ key, reason }) => `env ${key} ${reason}`);
  if (typeof composeFile !== "string" || hasUnknown(composeFile)) return mistakes;
  const size = deploySize(composeFile, given, Array.isArray(inputs.domains) ? inputs.domains.length : 0);
  if (size > SIZE_LIMIT)
    mistakes.push(`compose file and env have ${size} bytes as Dokploy writes them, more than ${SIZE_LIMIT}`);
  return mistakes;
}

function domainMistakes({ domains }: Inputs): string[] {
  if (!Array.isArray(domains)) return [];
  const known = domains.filter((domain) => !hasUnknown(domain));
  return [...known.flatMap(mistakesOfDomain), ...repeatedRoutes(known)];
}

/** Of two routes with the same host and path only one would be made. */
function repeatedRoutes(domains: DomainInput[]): string[] {
  const routes = domains.map(routeOf);
  const repeated = new Set(routes.filter((route, index) => routes.indexOf(route) !== index));
  return [...repeated].map((route) => `domain ${route} is there more than once: keep one, or give each another path`);
}

function mistakesOfDomain(domain: DomainInput): string[] {
  const at = `domain ${domain.host}`;
  return [
    ...(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(domain.host) ? [] : [`${at} is not a host name`]),
    ...(Number.isInteger(domain.port) && domain.port > 0 && domain.port < 65_536
      ? []
      : [`${at}: port ${domain.port} is not 1 to 65535`]),
    ...([domain.path, domain.internalPath].every((path) => path?.startsWith("/")) ? [] : [`${at}: paths begin with /`]),
    ...(domain.service ? [] : [`${at} names no service`]),
  ];
}

/** Dokploy passes file and env through one shell argument; above this a deployment fails without a reason in its log. */
const SIZE_LIMIT = 92_160;

/** A file below this stays far below the limit however much indentation the rewriting adds: it is not written to be measured. */
const SMALL = 4_096;

/** Labels that Dokploy adds to the file for one domain, about. */
const PER_DOMAIN = 900;

/** Bytes that count against {@link SIZE_LIMIT}: the file as Dokploy writes it again (or as sent, if longer) and the `.env` it writes. */
function deploySize(composeFile: string, env: Record<string, string>, domains: number): number {
  const sent = bytes(composeFile);
  const file = sent < SMALL ? sent : Math.max(sent, bytes(rewritten(composeFile)));
  return file + bytes(dotEnv(env)) + domains * PER_DOMAIN;
}

function rewritten(composeFile: string): string {
  try {
    return stringify(parse(composeFile, { maxAliasCount: -1, logLevel: "silent" }), { lineWidth: 1000 });
  } catch {
    return composeFile;
  }
}

function dotEnv(env: Record<string, string>): string {
  return Object.entries(env)
    .map(([key, value]) => `${key}="${value.replace(/[\\"$]/g, "\\$&")}"\n`)
    .join("");
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}
