import type { ComposeRow } from "../state/records.ts";
import type { ComposeDocument } from "./compose-document.ts";
import { joinNetworks } from "./join-networks.ts";
import { suffixVolumes } from "./randomize.ts";

/** `isolatedDeployment`: every service joins a network of the app's own name, which Dokploy creates beforehand. */
export function isolate(document: ComposeDocument, compose: ComposeRow): ComposeDocument {
  const network = compose.suffix || compose.appName;
  for (const service of Object.values(document.services ?? {})) {
    joinNetworks(service, [network]);
  }
  document.networks = { ...document.networks, [network]: { name: network, external: true } };
  return compose.isolatedDeploymentsVolume ? suffixVolumes(document, network) : document;
}
