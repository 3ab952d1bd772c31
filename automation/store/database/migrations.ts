import type { Database } from "./database.ts";

/**
 * The schema, step by step: the index is the version. Applied steps are never edited; new ones are appended.
 * Statements are understood by SQLite and PostgreSQL alike: times and counters are BIGINT, structures are JSON text.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE runs (
      id TEXT PRIMARY KEY,
      kind TEXT NOT NULL,
      stack TEXT NOT NULL,
      tag TEXT,
      commit_sha TEXT NOT NULL,
      services TEXT,
      rollback BIGINT NOT NULL,
      triggered_by TEXT NOT NULL,
      reason TEXT,
      request_id TEXT NOT NULL,
      state TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      started_at BIGINT,
      finished_at BIGINT,
      attempts BIGINT NOT NULL,
      session TEXT,
      outcomes TEXT NOT NULL,
      cause TEXT,
      superseded_by TEXT,
      cancel_requested_at BIGINT
    )`,
    "CREATE INDEX runs_by_stack ON runs (stack, id)",
    "CREATE INDEX runs_active ON runs (stack, id, state) WHERE state IN ('queued', 'waiting', 'running')",
    "CREATE INDEX runs_by_commit ON runs (stack, commit_sha)",
    "CREATE INDEX runs_by_time ON runs (created_at, id)",
    "CREATE TABLE leases (stack TEXT PRIMARY KEY, owner TEXT, fence BIGINT NOT NULL, expires_at BIGINT NOT NULL)",
    `CREATE TABLE events (
      run_id TEXT NOT NULL,
      seq BIGINT NOT NULL,
      at BIGINT NOT NULL,
      type TEXT NOT NULL,
      data TEXT NOT NULL,
      PRIMARY KEY (run_id, seq)
    )`,
    "CREATE INDEX events_by_time ON events (at)",
    "CREATE TABLE remembered (key TEXT PRIMARY KEY, expires_at BIGINT NOT NULL)",
    "CREATE TABLE pinned_tags (tag TEXT PRIMARY KEY, commit_sha TEXT NOT NULL, pinned_at BIGINT NOT NULL)",
    "CREATE TABLE pings (id BIGINT PRIMARY KEY, at BIGINT NOT NULL)",
  ],
  [
    `CREATE TABLE outbox (
      run_id TEXT NOT NULL,
      key TEXT NOT NULL,
      target TEXT NOT NULL,
      payload TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      due_at BIGINT NOT NULL,
      attempts BIGINT NOT NULL,
      settled_at BIGINT,
      error TEXT,
      PRIMARY KEY (run_id, key)
    )`,
    "CREATE INDEX outbox_due ON outbox (due_at) WHERE settled_at IS NULL",
  ],
  [
    // What a stack runs, and since when, is asked at every request for it.
    `CREATE INDEX runs_succeeded ON runs (stack, finished_at, id)
       WHERE kind IN ('deploy', 'sync') AND state = 'succeeded'`,
  ],
  [
    // What a run waits for, and when it is tried again.
    "ALTER TABLE runs ADD COLUMN outage TEXT",
    "ALTER TABLE runs ADD COLUMN due_at BIGINT",
  ],
  ["ALTER TABLE runs ADD COLUMN give_up TEXT"],
  [
    // What the last update left, so that a look can tell whether there is anything to do; who answered a run; asked for in full.
    "ALTER TABLE runs ADD COLUMN answered_by TEXT",
    "ALTER TABLE runs ADD COLUMN in_full BIGINT",
    "CREATE TABLE left_behind (stack TEXT PRIMARY KEY, run_id TEXT NOT NULL, kept_at BIGINT NOT NULL, record TEXT NOT NULL)",
  ],
  [
    // What looks found, and when each stack is looked at next.
    `CREATE TABLE observations (
      id TEXT PRIMARY KEY,
      stack TEXT NOT NULL,
      service TEXT NOT NULL,
      kind TEXT NOT NULL,
      data TEXT NOT NULL,
      seen_at BIGINT NOT NULL,
      confirmed_at BIGINT,
      ended_at BIGINT
    )`,
    "CREATE INDEX observations_by_stack ON observations (stack, id)",
    "CREATE INDEX observations_open ON observations (stack) WHERE ended_at IS NULL",
    "CREATE TABLE watches (stack TEXT PRIMARY KEY, due_at BIGINT NOT NULL, looked_at BIGINT, data TEXT)",
  ],
  [
    // Who holds a stack, what holds a run back, and which releases are watched until they are confirmed.
    "ALTER TABLE runs ADD COLUMN gate TEXT",
    `CREATE TABLE holds (
      id TEXT PRIMARY KEY,
      stack TEXT NOT NULL,
      held_by TEXT NOT NULL,
      reason TEXT NOT NULL,
      taken_back TEXT,
      tag TEXT,
      commit_sha TEXT,
      made_at BIGINT NOT NULL,
      until_at BIGINT,
      ended_at BIGINT,
      ended_by TEXT
    )`,
    "CREATE INDEX holds_open ON holds (stack) WHERE ended_at IS NULL",
    // However often it is tried: for one trouble there is one hold.
    "CREATE UNIQUE INDEX holds_taken_back ON holds (taken_back) WHERE taken_back IS NOT NULL",
    `CREATE TABLE confirmations (
      run_id TEXT PRIMARY KEY,
      stack TEXT NOT NULL,
      tag TEXT,
      commit_sha TEXT NOT NULL,
      state TEXT NOT NULL,
      begun_at BIGINT NOT NULL,
      until_at BIGINT,
      ended_at BIGINT,
      data TEXT NOT NULL
    )`,
    "CREATE INDEX confirmations_by_stack ON confirmations (stack, run_id)",
    "CREATE INDEX confirmations_open ON confirmations (stack) WHERE ended_at IS NULL",
  ],
];

/** Brings the schema to this release's version. Throws when a newer release has written the database. */
export async function migrate(db: Database): Promise<void> {
  await db.locked("migrations", async (queries) => {
    await queries.query("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)");
    const [row] = await queries.query<{ version: number | null }>("SELECT max(version) AS version FROM schema_version");
    const applied = row?.version ?? 0;
    if (applied > MIGRATIONS.length) {
      throw new Error(
        `the store has schema version ${applied}, this release knows ${MIGRATIONS.length}: ` +
          "a newer release has written it; start that release or restore a backup from before it",
      );
    }
    for (const [index, statements] of MIGRATIONS.entries()) {
      if (index < applied) continue;
      for (const statement of statements) await queries.query(statement);
      await queries.query("INSERT INTO schema_version (version) VALUES ($1)", [index + 1]);
    }
  });
}
