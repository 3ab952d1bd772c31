import { ownService, parseMarker } from "../api/marker.ts";
import type { ComposeEntry } from "../api/schema.ts";
import type { ComposeInputs } from "./inputs.ts";
import { ServiceError } from "./service-error.ts";

/**
 * Decides which compose of an environment is the one that the program means: undefined when there is none yet.
 * Our marker wins, whatever the name is by now. Throws when the name is taken by something that is not ours, or by several.
 */
export function chooseExisting(
  entries: ComposeEntry[],
  wanted: Pick<ComposeInputs, "name" | "owner" | "service" | "adopt">,
): ComposeEntry | undefined {
  const ours = entries.filter(({ description }) => ownService(description, wanted.owner) === wanted.service);
  if (ours.length > 1) throw several(wanted.name, ours, "carry the marker of this service");
  if (ours[0]) return ours[0];
  const named = entries.filter((entry) => entry.name === wanted.name);
  if (named.length > 1) throw several(wanted.name, named, "have this name");
  const [found] = named;
  if (found === undefined || wanted.adopt) return found;
  const marker = parseMarker(found.description);
  const { project, stack, keyId } = wanted.owner;
  const copy = marker?.project === project && marker.stack === stack && marker.keyId !== keyId;
  const whose = marker
    ? `belongs to ${marker.project}/${marker.stack}/${marker.service}${copy ? " as made with another PLATFORM_KEY" : ""}`
    : "was not made by Dockmaster";
  throw new ServiceError(
    "config_invalid",
    `Dokploy already has a compose ${wanted.name} (${found.composeId}) that ${whose}`,
    `${copy ? "use the PLATFORM_KEY that it was made with, or " : ""}rename or delete it, or take it over with adopt: true; the preview then shows what would change`,
  );
}

function several(name: string, entries: ComposeEntry[], what: string): ServiceError {
  const ids = entries.map((entry) => entry.composeId).join(", ");
  return new ServiceError(
    "config_invalid",
    `${entries.length} composes for ${name} ${what}: ${ids}`,
    "delete the ones that are not in use; their volumes stay when volumes are not deleted with them",
  );
}
