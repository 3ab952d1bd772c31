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
    // The engine puts the name of the database before its keys.
    const states = `/.pulumi/stacks/${project}/${stack}.json`;
    const locks = `/.pulumi/locks/organization/${project}/${stack}/`;
    // How old it is by the server's own clock: nobody's has to be in step with it.
    const { rows } = await client.query<{ key: string; mark: string; age: string }>(
      `SELECT key, encode(sha256(convert_to(data::text, 'UTF8')), 'hex') AS mark,
         extract(epoch FROM clock_timestamp() - updated_at) * 1000 AS age FROM ${client.escapeIdentifier(table)}
       WHERE right('/' || key, length($1)) = $1 OR right('/' || key, length($2)) = $2 OR position($3 in '/' || key) > 0`,
      [states, `${states}.gz`, locks],
    );
    if (rows.some(({ key }) => `/${key}`.includes(locks))) return { locked: true };
    const [found] = rows;
    return found && rows.length === 1
      ? { mark: found.mark, writtenAt: Date.now() - Number(found.age) }
      : { unknown: "its state is not where it was" };
  } finally {
    await client.end().catch(() => {});
  }
}
