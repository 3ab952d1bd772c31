import { toJson } from "../../text/characters.ts";
import { NoAnswer, Redirected, request } from "../../tools/outgoing/request.mjs";
import type { Variables } from "../environment.ts";
import type { Log } from "../log.ts";
import type { OutboxEntry, Settlement, Store } from "../store/store.ts";
import { CHANNELS, type ChannelName } from "./channels.ts";

/** How often the outbox is looked at, how long one sending may take, in milliseconds, and how often it is tried. */
const LOOK = 2_000;
const TIMEOUT = 10_000;
const MOST_ATTEMPTS = 10;

/** What notices are sent with. */
export interface Sending {
  store: Pick<Store, "takeOutbox" | "settleOutbox">;
  variables: Pick<Variables, "get">;
  log: Pick<Log, "warn" | "error">;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Sends notices until it is stopped. A target that fails is tried again later and never holds up a run. */
export function startOutbox(on: Sending): { stop(): Promise<void> } {
  const { store, log, now } = on;
  let busy: Promise<void> | undefined;
  const send = async () => {
    for (const entry of await store.takeOutbox(10, 3 * TIMEOUT, now())) {
      const settlement = await deliver(on, entry);
      if (settlement.as !== "sent") {
        const { run, target, attempts } = entry;
        log.warn({ event: "notice.not_sent", run, target, attempts, reason: settlement.error, as: settlement.as });
      }
      await store.settleOutbox(entry, settlement, now());
    }
  };
  const look = () => {
    busy ??= send()
      .catch((err) => log.error({ event: "outbox.unreadable", err }))
      .finally(() => {
        busy = undefined;
      });
  };
  const timer = setInterval(look, LOOK);
  return {
    stop: async () => {
      clearInterval(timer);
      await busy;
    },
  };
}

/** The channels that have an address now. */
export function readTargets({ variables }: Pick<Sending, "variables">): ChannelName[] {
  const names = Object.keys(CHANNELS) as ChannelName[];
  return names.filter((name) => variables.get(CHANNELS[name].variable) !== undefined);
}

/** Sends one notice. Addresses hold credentials: they are in no message. */
async function deliver({ variables, now }: Sending, entry: OutboxEntry): Promise<Settlement> {
  // The entry may be of another release, which has other channels.
  const channel = Object.hasOwn(CHANNELS, entry.target) ? CHANNELS[entry.target as ChannelName] : undefined;
  const address = channel && variables.get(channel.variable);
  if (channel === undefined || address === undefined)
    return { as: "given up", error: "the target has no address any more" };
  const error = await post(channel.variable, address, entry.payload);
  if (error === undefined) return { as: "sent" };
  if (entry.attempts >= MOST_ATTEMPTS) return { as: "given up", error };
  return { as: "retry", at: now() + 10_000 * 2 ** (entry.attempts - 1), error };
}

/** What went wrong, undefined when nothing did. Errors of a request hold no more of its address than the host that it is sent on to. */
async function post(variable: string, address: string, payload: unknown): Promise<string | undefined> {
  try {
    const headers = { "content-type": "application/json" };
    const body = toJson(payload);
    const { status } = await request(address, { method: "POST", headers, body, timeoutMs: TIMEOUT, statusOnly: true });
    return status >= 200 && status < 300 ? undefined : `answered ${status}`;
  } catch (error) {
    if (error instanceof Redirected) return `${error.message}: ${error.hint(variable)}`;
    return error instanceof NoAnswer ? error.message : (error as Error).name;
  }
}
