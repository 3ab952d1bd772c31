import type { Context } from "../context.ts";
import type { PlainService } from "../normalise.ts";
import { parsePort } from "../reading/port.ts";
import { interpolate, type LookUp } from "../variables.ts";
import { mapStrings } from "../walk.ts";

/**
 * Indexes of the ports that take the same port of the host in every environment: neither chosen by Docker (`"3000"`, `"8000-8010:80"`)
 * nor from a variable that has a value of its own in this stack.
 */
export function fixedPorts(service: PlainService, context: Context): number[] {
  const values = new Map(Object.entries({ ...context.env, ...context.containerEnv, ...context.variables }));
  const asGiven: LookUp = (name) => values.get(name);
  // Whether a setting decides is seen by what another value of it would do.
  const otherwise: LookUp = (name) => {
    const value = values.get(name);
    return value === undefined ? undefined : value === "1" ? "2" : "1";
  };
  return (service.ports ?? []).flatMap((port, index) => {
    const host = hostPort(port, asGiven);
    const isFixed = host !== "" && host !== "0" && host === hostPort(port, otherwise);
    return isFixed ? [index] : [];
  });
}

/** The host's port of an entry; empty where Docker chooses. */
function hostPort(port: unknown, lookUp: LookUp): string {
  const seen = mapStrings(port, (text) => interpolate(text, lookUp));
  if (seen === null || typeof seen !== "object") {
    const { published, container } = parsePort(String(seen));
    return published.includes("-") && !container.includes("-") ? "" : published;
  }
  const { published = "" } = seen as { published?: string | number };
  return /-/.test(String(published)) ? "" : String(published);
}
