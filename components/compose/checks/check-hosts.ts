import type { Context } from "../context.ts";
import type { ComposeFile } from "../model.ts";
import type { Path } from "../problem.ts";
import { resolveVariables, variablesIn } from "../variables.ts";
import { scalars } from "../walk.ts";

const HOST_KEY = /(HOST|HOSTNAME|SERVER|ADDR|ADDRESS|ENDPOINT)$/i;

/** Stands for the stack's suffix: no host name holds it. */
const SUFFIX = "\ue000";

/**
 * Refuses names that lead nowhere: another service's full name without the suffix, and its bare name, which is no name on any network
 * of ours. A sibling's bare name is the sibling, whatever else is called so. Looks at the text before variables are resolved, so that
 * a mistake shows in every environment and not only where the suffix is not empty.
 */
export function checkHosts(compose: ComposeFile, context: Context): void {
  const services = context.catalogue.filter((name) => name !== context.service);
  const bare = new Set(services.filter((name) => compose.services[name] === undefined));
  for (const [name, service] of Object.entries(compose.services)) {
    const { environment, command, entrypoint, healthcheck } = service;
    const parts = { environment, command, entrypoint, healthcheck };
    const texts = [...scalars(parts, ["services", name])].map(({ path, value }) => ({
      path,
      text: typeof value === "string" ? withDefaults(value) : "",
    }));
    for (const [index, { path, text }] of texts.entries()) {
      // In a list an option and its value are two words: `[psql, -h, postgres]`.
      const before = texts[index - 1];
      const isNext = typeof path.at(-1) === "number" && before?.path.slice(0, -1).join() === path.slice(0, -1).join();
      checkText(text, isNext ? before?.text : undefined, path, bare, context);
    }
  }
}

/** The text with the defaults of its variables in their place. */
function withDefaults(text: string): string {
  const defaults = variablesIn(text).flatMap(({ name, operator, operand = "" }): [string, string][] =>
    operator?.endsWith("-") ? [[name, withDefaults(operand)]] : [],
  );
  return resolveVariables(text, new Map([...defaults, ["SUFFIX", SUFFIX]]));
}

function checkText(
  text: string,
  before: string | undefined,
  path: Path,
  bare: ReadonlySet<string>,
  context: Context,
): void {
  for (const [host] of text.matchAll(/\bplatform-[a-z0-9]+(?:-[a-z0-9]+)*(?![a-z0-9-]*\ue000)/g)) {
    if (context.catalogue.some((name) => host === `platform-${name}` || host.startsWith(`platform-${name}-`))) {
      // With this stack's suffix written out it is wrong in all others.
      const base = host.endsWith(context.suffix) ? host.slice(0, host.length - context.suffix.length) : host;
      context.report(path, `host name \`${host}\` lacks the suffix`, `write \`${base}\${SUFFIX:-}\``);
    }
  }
  for (const key of new Set(hostsIn(text, before, path))) {
    if (!bare.has(key)) continue;
    const names = fullNames(key, context.containersOf?.(key) ?? [key]);
    context.report(
      path,
      `host name \`${key}\` can be answered by another service or environment`,
      `write ${names.join(" or ")}`,
    );
  }
}

/** How a service's containers are written in a file: the one that is named like the service, or all of them. */
function fullNames(service: string, containers: readonly string[]): string[] {
  const main = containers.includes(service) || containers.length === 0;
  const names = main ? [`platform-${service}`] : containers.map((container) => `platform-${service}-${container}`);
  return names.map((name) => `\`${name}\${SUFFIX:-}\``);
}

const OPTIONS =
  /(?<!\S)(?:(?:-h|--(?:[a-z]+-)*host)[=\s]+|(?:[a-z]+_)*host=)["']?([a-z0-9][a-z0-9_-]*)(?=["'\s:;,]|$)/gi;

/** An option whose value is the next word of a list. */
const OPTION = /^--?(?:[a-z]+-)*(?:h|host)$/i;

/**
 * Words at places where only a host can stand: in a URL, before a port (alone or in a list), after `-h`, `--host` or `host=`, and whole
 * values of `…_HOST` and the like.
 */
function hostsIn(text: string, before: string | undefined, path: Path): string[] {
  const [, key = String(path.at(-1)), value = text] = /^([A-Za-z_][\w.-]*)=(.*)$/s.exec(text) ?? [];
  const urls = [...text.matchAll(/:\/\/([^/?#\s"']*)/g)].flatMap(([, authority = ""]) =>
    authority
      .slice(authority.lastIndexOf("@") + 1)
      .split(",")
      .map((host) => /^[\w.\ue000-]*/.exec(host)?.[0] ?? ""),
  );
  const options = [text, value].flatMap((each) => [...each.matchAll(OPTIONS)].map(([, host = ""]) => host));
  const whole = /^([a-z0-9][a-z0-9_-]*)(:\d+)?$/i.exec(value);
  const listed = /^[\w.-]+:\d+(,[\w.-]+:\d+)+$/.test(value)
    ? value.split(",").map((each) => each.split(":")[0] ?? "")
    : [];
  // `redis:7` is an image as well as a host with a port: what the variable says of itself decides.
  const place = HOST_KEY.test(key) || (whole?.[2] !== undefined && !/IMAGE/i.test(key));
  const word = place || (before !== undefined && OPTION.test(before)) ? [whole?.[1] ?? ""] : [];
  return [...urls, ...options, ...listed, ...word].map((host) => host.toLowerCase());
}
