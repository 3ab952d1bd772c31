import { z } from "zod";
import { every, length, oneLine } from "../platform/secret-rules.ts";
import { defineService, memory } from "../platform/service.ts";

/** A key of the platform's own, which ends by itself should nobody delete it. */
const writeAndRead = (suffix: string) => `export REDISCLI_AUTH="$(cat /run/secrets/redis_password)"
ask() { redis-cli -h platform-redis${suffix} "$@"; }
key=platform:check value="$(date +%s) $$"
said=$(ask SET "$key" "$value" EX 60)
[ "$said" = OK ] || { echo "SET answered: $said"; exit 1; }
said=$(ask GET "$key")
[ "$said" = "$value" ] || { echo "GET answered something else than what was set"; exit 1; }
ask DEL "$key" >/dev/null`;

/** Redis with a password and an append-only file. It shares its secret `redis_password`. */
export const redis = defineService({
  name: "redis",
  settings: {
    memory: memory("256m").describe("Memory limit of the container. Keep a quarter more than `maxmemory`."),
    maxmemory: z
      .string()
      .regex(/^\d+(b|kb|mb|gb|k|m|g)?$/i, "is no size that Redis knows; write `192mb`")
      .default("192mb")
      .describe("What the data may take; beyond it `policy` decides."),
    policy: z
      .enum([
        "noeviction",
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
      ])
      .default("noeviction")
      .describe("Redis' `maxmemory-policy`."),
    persistence: z.boolean().default(true).describe("Keep an append-only file. Without it a restart loses the data."),
  },
  describe: ({ memory, maxmemory, policy, persistence }, { suffix }) => ({
    env: {
      REDIS_MEMORY: memory,
      REDIS_MAXMEMORY: maxmemory,
      REDIS_MAXMEMORY_POLICY: policy,
      REDIS_APPENDONLY: persistence ? "yes" : "no",
    },
    shares: ["redis_password"],
    // Who has not signed in yet may send no longer word.
    takes: { redis_password: every(oneLine, length({ most: 16_384 })) },
    login: { secret: "redis_password" },
    joins: ["redis"],
    checks: [{ beside: "redis", command: writeAndRead(suffix) }],
    data: ["data"],
  }),
});
