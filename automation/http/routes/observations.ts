import { toObservationView, toWatchView } from "../../answer/observations.ts";
import { type Described, readLastUpdate } from "../../answer/stacks.ts";
import type { Changes } from "../../answer/waiting.ts";
import { observationPlace } from "../../api/requests.ts";
import { RequestError } from "../../errors.ts";
import type { EventPlace, ObservationEvent } from "../../store/stack/observing.ts";
import { watchKey } from "../../watch/watching.ts";
import { streamEvents } from "../event-stream.ts";
import type { Handlers } from "../register.ts";
import type { Streams } from "../streams.ts";

/** Events sent at once, and how often a stream looks without being told, in milliseconds: another runner may look at the stack. */
const PAGE = 100;
const LOOK = 1_000;

/** `GET /stacks/:env/observations`, as a page or as a stream. */
export function observationHandlers(
  on: Described,
  parts: { changes: Changes; streams: Streams; stopping: AbortSignal },
): Pick<Handlers, "observations"> {
  const { store, config } = on;
  const observations: Handlers["observations"] = async ({ c, query }) => {
    const env = c.req.param("env") ?? "";
    if (!(await isKnown(on, env))) throw new RequestError("stack_not_found");
    if (wantsStream(c.req.header("accept"))) {
      let place = toPlace(c.req.header("last-event-id"));
      const read = async () => {
        const events = await store.observationEvents(env, place, PAGE);
        const last = events.at(-1);
        if (last) place = placeOf(last);
        return { events: events.map(toStreamEvent), more: events.length === PAGE };
      };
      return streamEvents(c, { read, next: (signal) => parts.changes.next(watchKey(env), LOOK, signal) }, parts);
    }
    const { limit, before } = query;
    const [open, ended, watches, last] = await Promise.all([
      store.openObservations(env),
      store.endedObservations({ stack: env, limit, ...(before === undefined ? {} : { before }) }),
      store.watches(),
      readLastUpdate(store, env),
    ]);
    const watch = watches.find(({ stack }) => stack === env);
    return c.json({
      env,
      watch: toWatchView(watch, { open, last, isOff: config.watchIntervalMs === 0 }),
      open: open.map(toObservationView),
      ended: ended.map(toObservationView),
      next: ended.length < limit ? null : (ended.at(-1)?.id ?? null),
    });
  };
  return { observations };
}

/** Whether the main branch has it, or it was looked at: a runner that just started may not have Git yet. */
async function isKnown({ store, mirror, catalogue, config }: Described, stack: string): Promise<boolean> {
  if ((await store.watches()).some((watch) => watch.stack === stack)) return true;
  const head = await mirror.branchHead(config.gitBranch);
  return head !== undefined && (await catalogue.stacks(head)).includes(stack);
}

/** Whether a stream is asked for: named as such, not as anything. */
function wantsStream(accept: string | undefined): boolean {
  return accept?.split(",").some((type) => type.split(";")[0]?.trim().toLowerCase() === "text/event-stream") ?? false;
}

function toStreamEvent(event: ObservationEvent) {
  const data = { at: new Date(event.at).toISOString(), data: toObservationView(event.observation) };
  const { at, is, id } = placeOf(event);
  return { id: `${at}.${is}.${id}`, event: is, data };
}

function placeOf({ at, is, observation }: ObservationEvent): EventPlace {
  return { at, is, id: observation.id };
}

/** The place that a stream goes on after; undefined: from the first that is known. Throws RequestError. */
function toPlace(given: string | undefined): EventPlace | undefined {
  if (given === undefined) return undefined;
  const parsed = observationPlace.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new RequestError("query_invalid", "Last-Event-ID must be an id that this stream gave");
}
