import type { Database } from "./database/database.ts";

/** Remembers a key until `expiresAt`. False when it was known and has not run out. */
export async function remember(db: Database, key: string, expiresAt: number, now: number): Promise<boolean> {
  const rows = await db.query(
    `INSERT INTO remembered (key, expires_at) VALUES ($1, $2)
     ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at WHERE remembered.expires_at <= $3
     RETURNING key`,
    [key, expiresAt, now],
  );
  return rows.length > 0;
}

/** Whether a key is remembered. */
export async function isRemembered(db: Database, key: string, now: number): Promise<boolean> {
  const rows = await db.query("SELECT key FROM remembered WHERE key = $1 AND expires_at > $2", [key, now]);
  return rows.length > 0;
}

/** The commit that the tag named when it was first pinned; undefined when it never was. */
export async function pinnedCommit(db: Database, tag: string): Promise<string | undefined> {
  const [known] = await db.query<{ commit_sha: string }>("SELECT commit_sha FROM pinned_tags WHERE tag = $1", [tag]);
  return known?.commit_sha;
}

/** The commit that the tag named when it was first pinned: this one, when that is now. */
export async function pinTag(db: Database, tag: string, commit: string, now: number): Promise<string> {
  // Nearly every request names a tag that was seen before, and a read costs no disk.
  const known = await pinnedCommit(db, tag);
  if (known !== undefined) return known;
  const [row] = await db.query<{ commit_sha: string }>(
    `INSERT INTO pinned_tags (tag, commit_sha, pinned_at) VALUES ($1, $2, $3)
     ON CONFLICT (tag) DO UPDATE SET tag = excluded.tag RETURNING commit_sha`,
    [tag, commit, now],
  );
  return row?.commit_sha ?? commit;
}

/** Every tag that was ever pinned, in the order of their names. */
export async function pinnedTags(db: Database): Promise<{ tag: string; commit: string }[]> {
  const rows = await db.query<{ tag: string; commit_sha: string }>(
    "SELECT tag, commit_sha FROM pinned_tags ORDER BY tag",
  );
  return rows.map((row) => ({ tag: row.tag, commit: row.commit_sha }));
}

/** Writes one row. */
export async function ping(db: Database, now: number): Promise<void> {
  await db.query("INSERT INTO pings (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at", [now]);
}
