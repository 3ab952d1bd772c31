import type { TimedRecord } from "../../automation/domain/engine-record.ts";
import { toService } from "../../automation/domain/outcome.ts";
import { formatDuration } from "./duration.ts";
import type { Live } from "./live.ts";

const DOING: Record<string, string> = { create: "creating", update: "changing", delete: "deleting", retain: "leaving" };
const DONE: Record<string, string> = {
  create: "created",
  update: "changed",
  delete: "deleted",
  retain: "left running",
};

/** Shows each service that the engine touches, from the engine's records. `at` is in milliseconds since the epoch. */
export function showServices(live: Live): (event: TimedRecord["event"], at: number) => void {
  const since = new Map<string, number>();
  return (event, at) => {
    // What happens to a service happens to its Compose project, not to the component around it.
    if (event.type !== "resource" || !event.urn.includes("dokploy:Compose::")) return;
    const service = toService(event.urn);
    const doing = DOING[event.op];
    if (service === undefined || doing === undefined) return;
    const began = since.get(event.urn);
    if (event.phase === "started") {
      since.set(event.urn, at);
      live.start(service, doing);
    } else if (began !== undefined) {
      // Without a start it is what the refresh found, and nothing was done.
      since.delete(event.urn);
      const took = formatDuration(at - began);
      if (event.phase === "failed") live.end(service, "failed", `failed after ${took}`);
      else live.end(service, "ok", `${DONE[event.op]} in ${took}`);
    }
  };
}
