import { z } from "zod";
import { every, headerWord, oneLine, type SecretRule } from "../platform/secret-rules.ts";
import { defineService, memory } from "../platform/service.ts";

/** Authentik reads every variable of its own as an address, and some addresses end it (authentik/lib/config.py, parse_uri, of 2025.8). */
const noAddress: SecretRule = (value) =>
  /^([a-z][a-z0-9+.-]*:)?\/\/|^(env|file):/i.test(value)
    ? "begins like an address, which Authentik would follow"
    : undefined;

/** It puts the password into an address with `+` for a space, and reads that back as a plus (authentik/lib/config.py, redis_url). */
const noSpace: SecretRule = (value) =>
  value.includes(" ") ? "has a space, which is sent as another character" : undefined;

/** Where everybody is sent who is not signed in; it leads on to whichever page the instance has for that. Python is in the image. */
const signInPage = (suffix: string) => `python3 - <<'EOF'
import sys, urllib.request
url = "http://platform-authentik-server${suffix}:9000/flows/-/default/authentication/"
try:
    urllib.request.urlopen(url, timeout=10)
except Exception as error:
    sys.exit("the sign-in page: " + str(error))
EOF`;

/** Authentik at `auth<suffix>.<domain>`, with its own database. The first administrator is `akadmin` with the secret `authentik_admin_password`. */
export const authentik = defineService({
  name: "authentik",
  databases: ["authentik"],
  settings: {
    memory: memory("1g").describe("Memory limit of the server's container."),
    workerMemory: memory("1g").describe("Memory limit of the worker's container."),
    adminEmail: z
      .email("is no e-mail address; write `admin@example.org`")
      .optional()
      .describe(
        "Address of the first administrator. `admin@<platform:domain>` unless given; later changes are made in Authentik.",
      ),
    redisDb: z.int().min(0).max(15).default(1).describe("Number of the Redis database."),
  },
  describe: ({ memory, workerMemory, adminEmail, redisDb }, { domain, suffix }) => ({
    env: {
      AUTHENTIK_MEMORY: memory,
      AUTHENTIK_WORKER_MEMORY: workerMemory,
      AUTHENTIK_ADMIN_EMAIL: adminEmail ?? `admin@${domain}`,
      AUTHENTIK_REDIS_DB: String(redisDb),
    },
    borrows: {
      authentik_database_password: { service: "postgres", name: "database_authentik" },
      authentik_redis_password: { service: "redis", name: "redis_password" },
    },
    takes: {
      authentik_secret_key: oneLine,
      authentik_admin_password: every(oneLine, noAddress),
      authentik_admin_token: every(headerWord, noAddress),
      authentik_database_password: oneLine,
      authentik_redis_password: every(oneLine, noSpace),
    },
    routes: [{ container: "server", host: "auth", port: 9000 }],
    login: { user: "akadmin", secret: "authentik_admin_password" },
    joins: ["server", "worker"],
    // After the first start the worker still makes the flows that signing in is one of.
    checks: [{ beside: "server", command: signInPage(suffix), attempts: 60 }],
    data: ["media"],
    // The first start runs all migrations.
    waitTimeout: 300,
  }),
});
