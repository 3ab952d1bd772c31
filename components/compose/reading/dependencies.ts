import type { ComposeService } from "../model.ts";

/** Fields by which a container shares something with another one: `service:<key>`. */
export const NAMESPACES = ["network_mode", "ipc", "pid", "uts", "cgroup"] as const;

/** Keys of the containers that Compose starts before this one: those it waits for, and those it takes something from. */
export function dependenciesOf(service: ComposeService): string[] {
  const { depends_on: listed = {} } = service;
  const named = Array.isArray(listed) ? listed : Object.keys(listed);
  const links = ((service.links as string[] | undefined) ?? []).map((link) => {
    const parts = link.split(":");
    return parts.length === 2 ? (parts[0] ?? link) : link;
  });
  const shared = NAMESPACES.flatMap((field) => /^service:(.*)$/s.exec(String(service[field] ?? ""))?.[1] ?? []);
  const sources = ((service.volumes_from as string[] | undefined) ?? []).filter(
    (source) => !source.startsWith("container:"),
  );
  return [...new Set([...named, ...links, ...shared, ...sources.map((source) => source.split(":")[0] ?? source)])];
}

/** Whether `up` starts a container: those with a profile wait for somebody to ask for it, and Compose checks them less. */
export function isStarted(service: ComposeService | undefined): boolean {
  return ((service?.profiles as string[] | undefined) ?? []).length === 0;
}
