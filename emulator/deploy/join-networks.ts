import type { ComposeService } from "./compose-document.ts";

/** Adds the service to networks in the form that its own list has; a map when it has one. */
export function joinNetworks(service: ComposeService, names: string[]): void {
  service.networks ??= [];
  for (const name of names) {
    if (!Array.isArray(service.networks)) service.networks[name] ??= {};
    else if (!service.networks.includes(name)) service.networks.push(name);
  }
}
