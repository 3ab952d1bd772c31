/**
 * Every event of the runner's log, with its message. A closed set that only grows: rules and searches of others go by the names.
 * `<what it is about>.<what happened>`.
 */
export const LOG_EVENTS = {
  "runner.configured": "runner configured",
  "runner.incomplete": "not set: the stack's file has to have it, or updates fail",
  "runner.listening": "runner listening",
  "runner.stopping": "runner stopping",
  "runner.stopped": "runner stopped",
  "engine.configured": "engine worker configured",
  "engine.connected": "engine worker connected",
  "engine.gone": "engine worker gone",
  "engine.away": "engine worker away: its runs wait for it",
  "engine.shared_user":
    "the engine worker has the runner's own user: programs of releases can read what the runner can",
  "state.handed_over": "state of before handed over to the engine worker",
  "secret.missing": "WEBHOOK_SECRET is not set: every request is refused",
  "secret.short": "shorter than 32 characters: what it encrypted can be tried out by who has a copy",
  "secret.old_used": "signed with WEBHOOK_SECRET_OLD: give this sender the new secret",
  "preview.any": "PREVIEW is any: whoever may push runs code in the runner with the keys of the stacks",
  "copies.removed": "copies of states with secrets in clear removed",
  "copies.not_removed": "copies of states may hold secrets in clear: remove them",

  "request.answered": "request answered",
  "request.failed": "request failed",
  "signature.failed": "signature failed",
  "webhook.received": "webhook received",

  "run.accepted": "run accepted",
  "run.started": "run started",
  "run.waiting": "run waits",
  "run.offline": "run goes on without the remote repository",
  "run.cancel_requested": "cancel asked for",
  "run.stopped": "run stopped",
  "run.finished": "run finished",
  "run.handed_back": "run handed back",
  "run.left": "run left to another worker",
  "run.cut_off": "run cut off, the store is away",
  "run.worker_gone": "run handed over again: its engine worker went away",
  "run.mistaken": "run failed by a mistake of the runner",
  "run.not_tidied": "what a run left cannot be removed",
  "run.not_ended": "run not ended",
  "service.changed": "service changed",
  "service.differs": "service differs",

  "look.nothing_left": "what the run left is not known in whole: the next one needs an engine",
  "look.checked": "full check asked for: an engine holds the looks to what it finds",
  "look.mistaken": "look failed by a mistake of the runner",
  "look.contradicted": "a full check found what looks before and after it called as left",

  "update.cut_off": "update cut off",
  "journal.set_aside": "journal of an older release set aside",
  "lock.removed": "stack lock removed",
  "lease.not_renewed": "lease not renewed",
  "lease.not_released": "lease not given back",
  "leases.released": "leases of a runner that is gone released",
  "leases.unreadable": "leases unreadable",
  "queue.unreadable": "queue unreadable",
  "events.not_recorded": "events not recorded",

  "tags.ignored": "tags that are no releases for their numbers ignored",
  "release.missed": "missed release found",
  "releases.looked_for": "missed releases looked for",
  "housekeeping.failed": "housekeeping failed",
  "health.failed": "health check failed",
  "vault.unreachable": "Vault unreachable",
  "notice.not_sent": "notice not sent",
  "outbox.unreadable": "outbox unreadable",
} as const satisfies Record<`${string}.${string}`, string>;

/** Name of one of them. */
export type LogEvent = keyof typeof LOG_EVENTS;
