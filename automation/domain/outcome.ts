import { joinAllows, parseAllows } from "./allows.ts";
import { parseCause } from "./cause.ts";
import type { StepRecord, TimedRecord, Told } from "./engine-record.ts";
import {
  assessWell,
  hasCrashed,
  serverStart,
  wordChange,
  wordDrift,
  wordKeys,
  wordRestarts,
  wordTakenOver,
} from "./finding.ts";
import type { Cause, ServiceOutcome, ServiceResult } from "./run.ts";
import { type NamedTakeOver, parseTakenOver, type TakenOver } from "./taken-over.ts";
import type { WayIn } from "./way-in.ts";

/** The component that stands for one service; its name is the service's. The engine sends it also for one that it leaves out. */
const SERVICE_TYPE = "dockmaster:platform:Service";

/** The Compose project inside it, by which the service is judged. */
const COMPOSE_TYPE = "pulumi-nodejs:dynamic/dokploy:Compose";

/** Outputs that say whether a service is well; they are no key that anybody edits. */
const HEALTH_KEYS = ["deployed", "drift"];

/** What the engine told about one service. */
interface Summary {
  service: string;
  /** Whether the state had it before: the engine looked for it. */
  known: boolean;
  /** Names that the refresh found different from the state. */
  found: string[];
  /** Set when a creation finds the service there already. */
  taken?: TakenOver;
  /** What the provider told: of what the refresh found, else of what an update began with. */
  told?: Told;
  wayIn: WayIn;
  /** What its file allows itself beyond its containers. */
  allows: string[];
  /** What a mere refresh says became of it. */
  finding?: StepRecord;
  /** The last step that is not a refresh. */
  step?: StepRecord;
  from?: number;
  to?: number;
  cause?: Cause;
}

/** The service that a resource belongs to; undefined for the stack, the environment and providers. */
export function toService(urn: string, services: Iterable<string> = []): string | undefined {
  const [, , type = "", name = ""] = urn.split("::");
  if (!type.split("$").includes(SERVICE_TYPE)) return undefined;
  if (isService(urn)) return name;
  // Whatever else a service is made of is named after it.
  const owners = [...services].filter((service) => name === service || name.startsWith(`${service}-`));
  return owners.sort((a, b) => b.length - a.length)[0] ?? name;
}

/** Whether the resource bears the name of its service. */
function isService(urn: string): boolean {
  const [, , type = ""] = urn.split("::");
  return type === SERVICE_TYPE || type.endsWith(`${SERVICE_TYPE}$${COMPOSE_TYPE}`);
}

/**
 * How each service came out of an update, a preview or a drift check, judged by the last step on its Compose project.
 * `services` are those the release has for the stack, in the order of the answer; what the engine names besides follows.
 * `canceled`: the engine was ended before it had finished.
 */
export function reduceOutcomes(
  records: readonly TimedRecord[],
  services: readonly string[],
  canceled: boolean,
): ServiceOutcome[] {
  const summaries = new Map<string, Summary>(services.map((service) => [service, begin(service)]));
  // The engine refreshes side by side: what belongs to a service may come before the service itself.
  for (const service of namedIn(records)) summaries.set(service, begin(service));
  for (const record of records) {
    const { event, at } = record;
    if (event.type === "summary" || !event.urn) continue;
    const service = toService(event.urn, summaries.keys());
    if (service === undefined) continue;
    const summary = summaries.get(service) ?? begin(service);
    summaries.set(service, summary);
    if (event.type === "diagnostic") {
      if (event.severity === "error") summary.cause ??= parseCause(event.message);
      summary.allows = joinAllows(summary.allows, parseAllows(record));
    } else {
      Object.assign(summary.wayIn, event.wayIn);
      if (event.urn.includes(`$${COMPOSE_TYPE}::`)) tell(summary, event, at);
    }
  }
  for (const { service, ...taken } of records.flatMap(parseTakeOvers)) {
    const summary = summaries.get(service);
    if (summary) summary.taken = taken;
  }
  const all = [...summaries.values()];
  const failed = all.filter((summary) => summary.cause);
  const server = serverStart(all.map(({ told }) => told));
  return all.map((summary) => ({
    ...conclude(summary, { failed, canceled, server }),
    ...(summary.allows.length > 0 ? { allows: summary.allows } : {}),
  }));
}

function parseTakeOvers({ event }: TimedRecord): NamedTakeOver[] {
  return event.type === "diagnostic" && event.severity === "info" ? parseTakenOver(event.message) : [];
}

/** The services that stand among the records themselves, in the order of their first one. */
function namedIn(records: readonly TimedRecord[]): string[] {
  const urns = records.flatMap(({ event }) => (event.type === "summary" || !event.urn ? [] : [event.urn]));
  return urns.filter((urn) => isService(urn)).flatMap((urn) => toService(urn) ?? []);
}

function begin(service: string): Summary {
  return { service, known: false, found: [], wayIn: {}, allows: [] };
}

function tell(summary: Summary, event: StepRecord, at: number): void {
  if (event.op === "refresh") {
    summary.known = true;
    if (event.phase === "done") {
      summary.found.push(...event.keys);
      if (event.told) summary.told = event.told;
    }
  } else if (event.phase === "done" && !summary.step) {
    // Of a mere refresh the engine tells the beginning as `refresh` and the end as what the refresh found.
    summary.finding = event;
    if (event.told) summary.told = event.told;
  } else {
    if (event.told) summary.told ??= event.told;
    if (event.phase === "started") summary.from ??= at;
    else summary.to = at;
    summary.step = event;
    if (event.phase === "failed") summary.cause ??= parseCause("the engine told no reason");
  }
}

/** What a step that came to its end did to the service. Replacing is not among them: nothing ever replaces a service. */
const RESULTS: Record<string, ServiceResult> = {
  create: "created",
  update: "changed",
  same: "unchanged",
  delete: "deleted",
  retain: "retained",
};

/** What is known of all services together. */
interface Whole {
  failed: Summary[];
  canceled: boolean;
  /** When their server was started again, if it was. */
  server: number | undefined;
}

function conclude(summary: Summary, { failed, canceled, server }: Whole): ServiceOutcome {
  const { service, step, finding, cause, from, to } = summary;
  const timed = from === undefined || to === undefined ? {} : { seconds: (to - from) / 1000 };
  if (cause) return { service, result: "failed", reason: `${cause.code}: ${cause.message}`, cause, ...timed };
  if (finding) return { service, ...concludeFinding(summary, finding, server) };
  if (!step) return { service, ...explainAbsence(failed, canceled) };
  if (step.phase === "started") return { service, result: "canceled", reason: "ended in the middle" };
  const conclusion = concludeStep(summary, step, server);
  return { service, ...conclusion, ...timed, ...toWayIn(summary, conclusion) };
}

/** The addresses of what runs now, and the first login of what was made. */
function toWayIn({ wayIn }: Summary, { result }: Conclusion): Pick<ServiceOutcome, "addresses" | "firstLogin"> {
  const { addresses, login } = wayIn;
  const runs = result === "created" || result === "changed" || result === "unchanged";
  return {
    ...(addresses && runs ? { addresses } : {}),
    ...(login && result === "created" ? { firstLogin: login } : {}),
  };
}

type Conclusion = Pick<ServiceOutcome, "result" | "reason" | "well">;

function concludeStep(summary: Summary, { op, keys }: StepRecord, server: number | undefined): Conclusion {
  const { known, found, told, taken } = summary;
  const result = RESULTS[op] ?? "changed";
  if (op === "same") return { result, reason: ["equal", ...wordRestarts(told?.restarts, server)].join("; ") };
  if (op === "retain") return { result, reason: "no longer in the release; left running with its data" };
  if (op === "delete") return { result, reason: "no longer in the release" };
  if (op === "create") return concludeCreation(taken, known);
  const drift = told ? told.drift : named(found);
  const why = [...wordDrift(drift), ...wordChange(named(keys), told?.unfinished, drift)];
  if (why.length === 0) why.push(!told && found.includes("deployed") ? "was not running well" : "failed before");
  return { result, reason: [...why, ...wordRestarts(told?.restarts, server)].join("; ") };
}

/** A service that was there already is taken over: nothing is new, and mostly nothing changes. */
function concludeCreation(taken: TakenOver | undefined, known: boolean): Conclusion {
  if (!taken) return { result: "created", reason: known ? "gone from Dokploy" : "new" };
  const reason = wordTakenOver(taken);
  if (taken.unfinished) return { result: "created", reason };
  return { result: taken.deploys || taken.differs?.length !== 0 ? "changed" : "unchanged", reason };
}

function concludeFinding({ told }: Summary, { op, keys }: StepRecord, server: number | undefined): Conclusion {
  const result = RESULTS[op] ?? "changed";
  if (op === "delete") return { result, reason: "gone from Dokploy", well: false };
  if (!told) {
    const reason = op === "same" ? "equal" : (wordKeys("drift", named(keys))[0] ?? "is not running well");
    // A provider that tells no more: it runs as the last update left it, unless it says that this differs.
    const well = keys.some((key) => HEALTH_KEYS.includes(key)) ? {} : { well: true };
    return { result, reason, ...well };
  }
  const restarts = wordRestarts(told.restarts, server);
  const why = [...wordDrift(told.drift), ...restarts];
  const differs = told.drift.length > 0 || hasCrashed(told);
  if (!differs)
    why.unshift(told.deployed ? "equal" : ["not deployed yet", ...wordChange([], told.unfinished)].join("; "));
  return { result: differs ? "changed" : "unchanged", reason: why.join("; "), well: assessWell(told) };
}

/** The engine says nothing of what it leaves out: it is known only by what failed before. */
function explainAbsence(failed: Summary[], canceled: boolean): Conclusion {
  if (canceled) return { result: "canceled", reason: "not started" };
  // Without a step it failed while it was registered, and that ends the program: what comes after it was not even named.
  const stopper = failed.find((summary) => !summary.step);
  if (stopper) return { result: "skipped", reason: `the update stopped at ${stopper.service}` };
  const names = failed.map(({ service }) => service);
  if (names.length === 0) return { result: "skipped", reason: "the update ended before it" };
  return { result: "skipped", reason: names.length === 1 ? `needs ${names[0]}` : `needs one of ${names.join(", ")}` };
}

function named(keys: string[]): string[] {
  return [...new Set(keys)].filter((key) => !HEALTH_KEYS.includes(key));
}
