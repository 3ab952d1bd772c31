import type { Database } from "./database/database.ts";
import { nameFailures } from "./database/failures.ts";
import { migrate } from "./database/migrations.ts";
import { isRemembered, ping, pinnedCommit, pinnedTags, pinTag, remember } from "./keys.ts";
import { settleOutbox, takeOutbox } from "./outbox.ts";
import { accept, newestAccepted, record } from "./run/accept.ts";
import { claim } from "./run/claim.ts";
import { append, events } from "./run/events.ts";
import { hasSucceeded, prune, runs, stackRelease } from "./run/history.ts";
import { releaseGone, releaseLease, renewLease } from "./run/lease.ts";
import { readRun } from "./run/rows.ts";
import { cancelRequested, requestCancel, transition, update } from "./run/transition.ts";
import { lastConfirmed, newestConfirmation, openConfirmations, settle, takeBack } from "./stack/confirmations.ts";
import { endHold, endHoldsInTime, hold, openHolds, readHold } from "./stack/holds.ts";
import { forgetLeft, leftStacks, readLeft } from "./stack/left-behind.ts";
import {
  endedObservations,
  observationEvents,
  observationsSince,
  openObservations,
  standing,
} from "./stack/observations.ts";
import { claimWatch, keepLook, postponeWatch, watches } from "./stack/watches.ts";
import type { Store } from "./store.ts";

/** The store over one SQL database, brought to the current schema. Closing the store closes the database. */
export async function openSqlStore(database: Database): Promise<Store> {
  const db = nameFailures(database);
  await migrate(db);
  return {
    accept: (request, now, condition = {}) => accept(db, request, now, condition),
    record: (request, _state, now) => record(db, request, now),
    run: (id) => readRun(db, id),
    runs: (filter) => runs(db, filter),
    newestAccepted: (stack) => newestAccepted(db, stack),

    claim: (owner, leaseMs, now, lookOnly) => claim(db, { owner, leaseMs, now, lookOnly }),
    renew: (lease, leaseMs, now) => renewLease(db, lease, leaseMs, now),
    release: (lease) => releaseLease(db, lease),
    releaseGone: (isGone, now) => releaseGone(db, isGone, now),

    transition: (id, event, patch, now, lease, notices = [], left) =>
      transition(db, id, event, patch, now, lease, { notices, left }),
    update: (id, patch, _now, lease) => update(db, id, patch, lease),
    requestCancel: (id, now) => requestCancel(db, id, now),
    cancelRequested: (id) => cancelRequested(db, id),

    append: (runId, added) => append(db, runId, added),
    events: (runId, afterSeq, limit) => events(db, runId, afterSeq, limit),

    stackRelease: (stack) => stackRelease(db, stack),
    hasSucceeded: (stack, commit) => hasSucceeded(db, stack, commit),

    leftBehind: (stack) => readLeft(db, stack),
    leftStacks: () => leftStacks(db),
    forgetLeft: (left) => forgetLeft(db, left),

    remember: (key, expiresAt, now) => remember(db, key, expiresAt, now),
    isRemembered: (key, now) => isRemembered(db, key, now),
    pinTag: (tag, commit, now) => pinTag(db, tag, commit, now),
    pinnedCommit: (tag) => pinnedCommit(db, tag),
    pinnedTags: () => pinnedTags(db),

    hold: (asked, now, tell) => hold(db, asked, now, tell),
    endHold: (id, by, now, tell) => endHold(db, id, by, now, tell),
    endHoldsInTime: (now, tell) => endHoldsInTime(db, now, tell),
    readHold: (id) => readHold(db, id),
    holds: (now, stack) => openHolds(db, now, stack),

    openConfirmations: () => openConfirmations(db),
    newestConfirmation: (stack) => newestConfirmation(db, stack),
    lastConfirmed: (stack, except) => lastConfirmed(db, stack, except),
    settle: (settled, now) => settle(db, settled, now),
    takeBack: (taken, now) => takeBack(db, taken, now),

    takeOutbox: (limit, holdMs, now) => takeOutbox(db, limit, holdMs, now),
    settleOutbox: (entry, settlement, now) => settleOutbox(db, entry, settlement, now),

    claimWatch: (times, now) => claimWatch(db, times, now),
    keepLook: (kept, now) => keepLook(db, kept, now),
    postponeWatch: (watch, next) => postponeWatch(db, watch, next),
    watches: () => watches(db),
    standing: (stack) => standing(db, stack),
    openObservations: (stack) => openObservations(db, stack),
    endedObservations: (query) => endedObservations(db, query),
    observationsSince: (stack, since) => observationsSince(db, stack, since),
    observationEvents: (stack, after, limit) => observationEvents(db, stack, after, limit),

    prune: (before, now) => prune(db, before, now),
    ping: (now) => ping(db, now),
    close: () => db.close(),
  };
}
