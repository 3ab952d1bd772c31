import { parse, stringify } from "yaml";
import type { ComposeRow, DomainRow } from "../state/records.ts";
import type { ComposeDocument, ComposeService, Names } from "./compose-document.ts";
import { domainLabels } from "./domain-labels.ts";
import { joinNetworks } from "./join-networks.ts";
import { randomize, suffixVolumes } from "./randomize.ts";

const SHARED = "dokploy-network";

/**
 * The text that `docker compose` will read: parsed as YAML 1.2, changed for isolated, randomized and routed services, and
 * written again, which changes some quoted values. Undefined when the text holds nothing. Throws on text that is not YAML
 * and on a domain whose service is missing.
 */
export function convertCompose(compose: ComposeRow, domains: DomainRow[]): string | undefined {
  let document = parse(compose.composeFile, { maxAliasCount: 10_000 }) as ComposeDocument | null;
  if (!document) return undefined;
  if (compose.isolatedDeployment) document = isolate(document, compose);
  else if (compose.randomize) document = randomize(document, compose.suffix);
  for (const domain of domains.filter(({ enabled }) => enabled)) addDomain(document, compose, domain);
  if (!compose.isolatedDeployment && usesShared(document)) {
    document.networks = { ...document.networks, [SHARED]: { external: true } };
  }
  return stringify(document, { lineWidth: 1000 });
}

function addDomain(document: ComposeDocument, compose: ComposeRow, domain: DomainRow): void {
  if (!domain.serviceName) throw new Error(`Domain "${domain.host}" is missing a service name`);
  const service = document.services?.[domain.serviceName];
  if (!service) {
    throw new Error(
      `Domain "${domain.host}" is attached to service "${domain.serviceName}" which does not exist in the compose`,
    );
  }
  const routes = domainLabels(compose.appName, domain, domain.customEntrypoint ?? "web");
  if (domain.customEntrypoint === null && domain.https)
    routes.push(...domainLabels(compose.appName, domain, "websecure"));

  const labels = labelsOf(service, compose.composeType);
  // Dokploy adds nothing to labels that are a map.
  if (Array.isArray(labels)) {
    if (!labels.includes("traefik.enable=true")) labels.unshift("traefik.enable=true");
    labels.unshift(...routes);
    const kind = compose.composeType === "stack" ? "swarm" : "docker";
    const network = compose.isolatedDeployment ? compose.suffix || compose.appName : SHARED;
    const label = `traefik.${kind}.network=${network}`;
    if (!labels.includes(label)) labels.unshift(label);
  }
  if (!compose.isolatedDeployment) joinNetworks(service, [SHARED, "default"]);
}

/** A stack's labels are those of its deployment. Missing ones become a list. */
function labelsOf(service: ComposeService, type: ComposeRow["composeType"]): Names {
  if (type === "stack") service.deploy ??= {};
  const holder = type === "stack" && service.deploy ? service.deploy : service;
  holder.labels ??= [];
  return holder.labels;
}

function usesShared(document: ComposeDocument): boolean {
  return Object.values(document.services ?? {}).some((service) => {
    const networks = service?.networks;
    if (Array.isArray(networks)) return networks.includes(SHARED);
    return typeof networks === "object" && networks !== null && SHARED in networks;
  });
}

/** `isolatedDeployment`: every service joins a network of the app's own name, which Dokploy creates beforehand. */
function isolate(document: ComposeDocument, compose: ComposeRow): ComposeDocument {
  const network = compose.suffix || compose.appName;
  for (const service of Object.values(document.services ?? {})) {
    joinNetworks(service, [network]);
  }
  document.networks = { ...document.networks, [network]: { name: network, external: true } };
  return compose.isolatedDeploymentsVolume ? suffixVolumes(document, network) : document;
}
