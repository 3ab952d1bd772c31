import type { Context } from "./context.ts";
import { chooseExisting } from "./find.ts";
import { found } from "./found.ts";
import type { ComposeInputs } from "./inputs.ts";
import { ownedBy, parseMarker } from "./marker.ts";
import { planConvergence } from "./plan.ts";

/**
 * One line that says what taking over somebody else's compose would change, by key; undefined when there is none to take over.
 * A preview creates nothing and the engine shows no differences for a creation, so this is how people see it before it happens.
 */
export async function describeAdoption(context: Context, wanted: ComposeInputs): Promise<string | undefined> {
  const environment = await found(context.dokploy.environment(wanted.environmentId));
  const existing = environment && chooseExisting(environment.compose, wanted);
  if (existing === undefined || ownedBy(parseMarker(existing.description), wanted.owner)) return undefined;
  const record = await context.dokploy.compose(existing.composeId);
  const { differs, deploy } = planConvergence(record, wanted, [], context.key);
  const what = differs.length > 0 ? `changes ${differs.join(", ")}` : "changes only the description";
  return `${wanted.service}: takes over compose ${existing.name} (${existing.composeId}), ${what}${deploy ? " and deploys it" : ""}`;
}
