import { z } from "zod";
import { every, oneLine, type SecretRule } from "../platform/secret-rules.ts";
import { defineService, memory } from "../platform/service.ts";

/** Characters that PostgreSQL leaves out of a password (SASLprep, RFC 3454 table B.1): without others it would be empty. */
const UNSEEN = /^(?:\u00ad|\u034f|\u1806|[\u180b-\u180d]|[\u200b-\u200d]|\u2060|[\ufe00-\ufe0f]|\ufeff)*$/u;

const password: SecretRule = every(oneLine, (value) =>
  UNSEEN.test(value) ? "has no character that PostgreSQL keeps" : undefined,
);

/** Through the network and with the password, like everybody else; it writes as well, to what ends with the session. */
const query = (suffix: string) => `export PGPASSWORD="$(cat /run/secrets/postgres_password)" PGCONNECT_TIMEOUT=5
said=$(psql -XAtqw -v ON_ERROR_STOP=1 -h platform-postgres${suffix} -U postgres \\
  -c 'CREATE TEMPORARY TABLE written AS SELECT 42 AS answer' -c 'SELECT answer FROM written' 2>&1)
[ "$said" = 42 ] || { echo "the query answered: $said"; exit 1; }`;

const DATABASE = /^[a-z][a-z0-9_]{0,62}$/;

/**
 * PostgreSQL. Other services ask for a database with `databases` of their definition and get one with a role of the same name;
 * its password is this service's secret `database_<name>`, which they borrow.
 */
export const postgres = defineService({
  name: "postgres",
  settings: {
    memory: memory("512m").describe("Memory limit of the server's container."),
    sharedBuffers: z
      .string()
      .regex(/^\d+(kB|MB|GB)$/, "is no size that PostgreSQL knows; write `128MB`")
      .default("128MB")
      .describe("PostgreSQL's `shared_buffers`; a quarter of `memory` is a good start."),
    maxConnections: z.int().min(10).max(10_000).default(100).describe("PostgreSQL's `max_connections`."),
    databases: z
      .array(z.string().regex(DATABASE, "is no name of a database; use small letters, digits and `_`"))
      .default([])
      .describe("Databases for applications outside of the platform, besides those that services ask for."),
  },
  describe: (settings, { asked, suffix }) => {
    const databases = [...new Set([...settings.databases, ...asked.databases])].sort();
    return {
      env: {
        POSTGRES_MEMORY: settings.memory,
        POSTGRES_SHARED_BUFFERS: settings.sharedBuffers,
        POSTGRES_MAX_CONNECTIONS: String(settings.maxConnections),
        POSTGRES_DATABASES: databases.join(" "),
      },
      grants: { databases: databases.map((name) => `database_${name}`) },
      shares: databases.map((name) => `database_${name}`),
      takes: Object.fromEntries(
        ["postgres_password", ...databases.map((name) => `database_${name}`)].map((name) => [name, password]),
      ),
      login: { user: "postgres", secret: "postgres_password" },
      joins: ["postgres"],
      checks: [{ beside: "postgres", command: query(suffix) }],
      data: ["data"],
    };
  },
});
