import type { Context } from "../context.ts";
import type { ComposeService } from "../model.ts";
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

/** Ports of the host that a container takes, as `8080/tcp`, an address before it where it is not all of them; none that Docker chooses. */
export function takenPorts(service: ComposeService, lookUp: LookUp): string[] {
  const taken = (service.ports ?? []).flatMap((port) => {
    const published = hostPort(port, lookUp);
    if (!/^[\d-]+$/.test(published) || published === "0") return [];
    const seen = mapStrings(port, (text) => interpolate(text, lookUp));
    const { protocol, host_ip: address = "" } =
      typeof seen === "object" && seen !== null
        ? (seen as { protocol?: string; host_ip?: string })
        : { protocol: /\/(\w+)$/.exec(String(seen))?.[1], host_ip: String(seen).split(":").slice(0, -2).join(":") };
    const before = ["", "0.0.0.0", "::", "[::]"].includes(address) ? "" : `${address}:`;
    const [start = "", end = start] = published.split("-");
    const count = Math.min(Math.max(Number(end) - Number(start), 0), 1000) + 1;
    return Array.from(
      { length: count },
      (_, index) => `${before}${Number(start) + index}/${(protocol ?? "tcp").toLowerCase()}`,
    );
  });
  return [...new Set(taken)];
}
