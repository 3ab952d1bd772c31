import type { StateMark } from "./state-mark.ts";

/** How long the server may take, in milliseconds. */
const TIMEOUT = 5_000;

/** Where the engine keeps states unless the address says otherwise (pulumi/pulumi, pkg/backend/diy/postgres/README.md). */
const TABLE = "pulumi_state";

/** Which state the engine's own table has of a stack, and whether that is locked. Throws where the server is away. */
export async function readPostgresMark(backendUrl: string, project: string, stack: string): Promise<StateMark> {
  const { default: pg } = await import("pg");
  const table = decodeURIComponent(/[?&]table=([^&#]+)/.exec(backendUrl)?.[1] ?? TABLE);
  const client = new pg.Client({
    connectionString: backendUrl,
    application_name: "dockmaster",
    connectionTimeoutMillis: TIMEOUT,
    statement_timeout: TIMEOUT,
  });
  client.on("error", () => {});
  await client.connect();
  try {
    const states = `.pulumi/stacks/${project}/${stack}.json`;
    const locks = `.pulumi/locks/organization/${project}/${stack}/`;
    const { rows } = await client.query<{ key: string; mark: string }>(
      `SELECT key, encode(sha256(data), 'hex') AS mark FROM ${client.escapeIdentifier(table)}
       WHERE key IN ($1, $2) OR starts_with(key, $3)`,
      [states, `${states}.gz`, locks],
    );
    if (rows.some(({ key }) => key.startsWith(locks))) return { locked: true };
    const [found] = rows;
    return found && rows.length === 1 ? { mark: found.mark } : { unknown: "its state is not where it was" };
  } finally {
    await client.end().catch(() => {});
  }
}
