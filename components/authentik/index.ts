import { z } from "zod";
import { defineService, memory } from "../service.ts";

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
  describe: ({ memory, workerMemory, adminEmail, redisDb }, { domain }) => ({
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
    routes: [{ container: "server", host: "auth", port: 9000 }],
    data: ["media"],
    // The first start runs all migrations.
    waitTimeout: 300,
  }),
});
