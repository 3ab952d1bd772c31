import { parseCause } from "./cause.ts";
import type { Cause, ServiceOutcome, ServiceResult } from "./domain/run.ts";
import type { EngineRecord, ResourceRecord } from "./engine/messages.ts";

/** The component that stands for one service; its name is the service's. */
const SERVICE_TYPE = "dockmaster:platform:Service";

/** A record and when it came, in milliseconds since the epoch. */
export interface TimedRecord {
  event: EngineRecord;
  at: number;
}

/** The service that a resource belongs to; undefined for the stack, the environment and providers. */
export function toService(urn: string): string | undefined {
  const [, , type = "", name] = urn.split("::");
  return type.split("$").includes(SERVICE_TYPE) ? name : undefined;
}

/** What the engine told about one service. */
interface Story {
  service: string;
  /** The Compose project's last step that is not a refresh. */
  step?: ResourceRecord;
  /** Names that the refresh found changed by hand. */
  drift: string[];
  /** Whether the refresh found it gone. */
  gone: boolean;
  cause?: Cause;
  from?: number;
  to?: number;
}

/**
 * How each service came out of an update, judged by the last step on its Compose project. `expected` are the services
 * the release has for this stack: one that the engine left out because another failed has no step at all.
 */
export function reduceOutcomes(records: TimedRecord[], expected: string[], canceled: boolean): ServiceOutcome[] {
  const stories = new Map<string, Story>(expected.map((service) => [service, { service, drift: [], gone: false }]));
  for (const { event, at } of records) {
    if (event.type === "summary" || !event.urn) continue;
    const service = toService(event.urn);
    if (service === undefined) continue;
    const story = stories.get(service) ?? { service, drift: [], gone: false };
    stories.set(service, story);
    if (event.type === "diagnostic") {
      if (event.severity === "error") story.cause ??= parseCause(event.message);
    } else if (event.urn.includes("$")) tell(story, event, at);
  }
  const failed = [...stories.values()].filter((story) => story.cause).map((story) => story.service);
  return [...stories.values()].map((story) => conclude(story, failed, canceled));
}

function tell(story: Story, event: ResourceRecord, at: number): void {
  if (event.op === "gone") story.gone = true;
  if (event.op === "refresh" && event.phase === "done") story.drift.push(...event.keys);
  if (event.op === "refresh" || event.op === "gone") {
    if (event.phase === "failed") story.cause ??= parseCause("Dokploy could not be read");
    return;
  }
  story.from ??= at;
  story.to = at;
  story.step = event;
  if (event.phase === "failed") story.cause ??= parseCause("the engine told no reason");
}

const RESULTS: Record<string, ServiceResult> = {
  create: "created",
  "create-replacement": "changed",
  update: "changed",
  replace: "changed",
  delete: "deleted",
  retain: "retained",
  same: "unchanged",
};

function conclude(story: Story, failed: string[], canceled: boolean): ServiceOutcome {
  const { service, step, cause } = story;
  const seconds = story.from !== undefined && story.to !== undefined ? (story.to - story.from) / 1000 : undefined;
  const timed = seconds === undefined ? {} : { seconds };
  if (cause) return { service, result: "failed", reason: `${cause.code}: ${cause.message}`, cause, ...timed };
  if (!step) return { service, ...leftOut(service, failed, canceled) };
  if (step.phase === "started") return { service, result: "canceled", reason: "ended in the middle", ...timed };
  return { service, result: RESULTS[step.op] ?? "changed", reason: explain(story, step), ...timed };
}

function leftOut(service: string, failed: string[], canceled: boolean): Pick<ServiceOutcome, "result" | "reason"> {
  if (canceled) return { result: "canceled", reason: "not started" };
  const others = failed.filter((other) => other !== service);
  const reason = others.length > 0 ? `needs ${others.join(", ")}` : "the update ended before it";
  return { result: "skipped", reason };
}

function explain(story: Story, step: ResourceRecord): string {
  const drift = story.drift.filter((key) => key !== "deployed");
  if (step.op === "same") return "equal";
  if (step.op === "retain") return "no longer in the release; left running with its data";
  if (step.op === "delete") return "no longer in the release";
  if (step.op === "create") return story.gone ? "was gone from Dokploy" : "new";
  if (drift.length > 0) return `drift: ${drift.join(", ")}`;
  if (step.keys.length > 0) return `changed: ${step.keys.join(", ")}`;
  return story.drift.includes("deployed") ? "was not running well" : "failed before";
}
