import { DokployError } from "../../../components/dokploy/api/errors.ts";
import { ownService } from "../../../components/dokploy/api/marker.ts";
import { CliError } from "../../problem.ts";
import type { Checkout } from "../checkout.ts";
import { composeResources, type StackState } from "../run/state.ts";
import { listEntries, openDokploy, readAccess, requireOwner } from "../servers.ts";
import { type Finding, warning } from "./finding.ts";
import { PATIENCE } from "./servers.ts";

/**
 * Services on Dokploy that are the stack's own and that its state does not name: left running when they were taken out, or made by an
 * update that was killed and taken out since. No update tells of them. Nothing where Dokploy or the key cannot be had: that is told.
 */
export async function examineLeftServices(checkout: Checkout, stack: string, state: StackState): Promise<Finding[]> {
  const access = await readAccess(checkout, stack);
  try {
    const owner = await requireOwner(checkout, stack, access);
    const dokploy = await openDokploy(access, PATIENCE);
    const entries = await listEntries(dokploy, checkout, stack);
    const known = composeResources(state);
    const ours = entries.map(({ description }) => ownService(description, owner));
    const left = ours.filter((service) => service !== undefined && !known.has(service)).sort();
    if (left.length === 0) return [];
    const fix = `name it in platform:services, and the next update takes it over; for good: dockmaster remove ${stack} ${left[0]}`;
    return [warning(`${stack}: services`, `${left.join(", ")} on Dokploy, and not in the state`, fix)];
  } catch (error) {
    if (error instanceof CliError || error instanceof DokployError) return [];
    throw error;
  }
}
