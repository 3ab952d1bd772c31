import type { Context } from "./context.ts";
import type { ComposeFile } from "./model.ts";
import type { Path } from "./problem.ts";
import { scalars } from "./walk.ts";

const HOST_KEY = /(HOST|HOSTNAME|SERVER|ADDR|ADDRESS|ENDPOINT)$/i;

/**
 * Host names of the platform carry the suffix: Compose makes every service key an alias on every network,
 * so a bare `redis` may be answered by another environment's container. Looks at the text before variables are resolved,
 * so that a mistake shows in every environment and not only where the suffix is not empty.
 */
export function checkHosts(compose: ComposeFile, context: Context): void {
  const keys = new Set([...Object.keys(compose.services), ...context.catalogue]);
  for (const [name, service] of Object.entries(compose.services)) {
    const { environment, command, entrypoint, healthcheck } = service;
    const parts = { environment, command, entrypoint, healthcheck };
    for (const { path, value } of scalars(parts, ["services", name])) {
      if (typeof value === "string") checkText(value, path, keys, context);
    }
  }
}

function checkText(text: string, path: Path, keys: ReadonlySet<string>, context: Context): void {
  for (const match of text.matchAll(/\bplatform-([a-z0-9]+)(?:-[a-z0-9]+)*(\$\{SUFFIX)?/g)) {
    const [host, service = "", suffix] = match;
    if (suffix === undefined && context.catalogue.includes(service)) {
      context.report(path, `host name \`${host}\` lacks the suffix`, `write \`${host}\${SUFFIX:-}\``);
    }
  }
  for (const key of hostsIn(text, path)) {
    if (!keys.has(key)) continue;
    const full = context.catalogue.includes(key)
      ? `platform-${key}`
      : context.nameOf(key).slice(0, -context.suffix.length || undefined);
    context.report(
      path,
      `host name \`${key}\` can be answered by another service or environment`,
      `write \`${full}\${SUFFIX:-}\``,
    );
  }
}

/** Words at places where only a host can stand: after `://`, before a port, and whole values of `…_HOST` and the like. */
function hostsIn(text: string, path: Path): string[] {
  const hosts = [...text.matchAll(/:\/\/(?:[^@/\s]*@)?([a-z0-9][a-z0-9_-]*)(?=[:/\s"']|$)/gi)].map(
    (match) => match[1] ?? "",
  );
  hosts.push(
    ...[...text.matchAll(/\s(?:-h|--host)[=\s]+["']?([a-z0-9][a-z0-9_-]*)(?=["'\s]|$)/gi)].map(
      (match) => match[1] ?? "",
    ),
  );
  const [, key = String(path.at(-1)), value = text] = /^([A-Za-z_][\w.-]*)=(.*)$/s.exec(text) ?? [];
  const whole = /^([a-z0-9][a-z0-9_-]*)(:\d+)?$/i.exec(value);
  if (whole?.[1] && (whole[2] !== undefined || HOST_KEY.test(key))) hosts.push(whole[1]);
  return hosts;
}
