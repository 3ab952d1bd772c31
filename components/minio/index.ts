import { z } from "zod";
import { every, length, oneLine, type SecretRule } from "../platform/secret-rules.ts";
import { defineService, memory } from "../platform/service.ts";

/** The server's least, and what its client reads in one go. */
const password: SecretRule = every(oneLine, length({ least: 8, most: 4000 }));

// Shell variables carry these names, so the dots that S3 would allow are left out.
const BUCKET = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

/** An object in a bucket of the platform's own, which goes with it; a bucket that holds more is left alone. */
const writeAndRead = (
  suffix: string,
) => `as() { bash /as.sh check http://platform-minio${suffix}:9000 platform /run/secrets/minio_root_password --quiet "$@"; }
object=server/dockmaster-check/written value="$(date +%s) $$"
as mb --ignore-existing server/dockmaster-check || exit 1
echo "$value" | as pipe "$object" || exit 1
[ "$(as cat "$object")" = "$value" ] || { echo "it answers something else than what was written"; exit 1; }
as rm "$object" || exit 1
as rb server/dockmaster-check || true`;

/**
 * MinIO: S3 at `s3<suffix>.<domain>`, its console at `minio<suffix>.<domain>`. Other services ask for a bucket with `buckets` of their
 * definition and get one with a user of the same name; its password is this service's secret `bucket_<name>`, which they borrow.
 */
export const minio = defineService({
  name: "minio",
  settings: {
    memory: memory("1g").describe("Memory limit of the server's container."),
    buckets: z
      .array(z.string().regex(BUCKET, "is no name of a bucket; use 3 to 63 small letters, digits and hyphens"))
      .default([])
      .describe("Buckets for applications outside of the platform, besides those that services ask for."),
  },
  describe: (settings, { asked, suffix }) => {
    const buckets = [...new Set([...settings.buckets, ...asked.buckets])].sort();
    return {
      env: { MINIO_MEMORY: settings.memory, MINIO_BUCKETS: buckets.join(" ") },
      grants: { buckets: buckets.map((name) => `bucket_${name}`) },
      shares: buckets.map((name) => `bucket_${name}`),
      takes: Object.fromEntries(
        ["minio_root_password", ...buckets.map((name) => `bucket_${name}`)].map((name) => [name, password]),
      ),
      routes: [
        { container: "minio", host: "minio", port: 9001 },
        { container: "minio", host: "s3", port: 9000 },
      ],
      login: { user: "platform", secret: "minio_root_password" },
      joins: ["minio"],
      checks: [{ beside: "minio", command: writeAndRead(suffix) }],
      data: ["data"],
    };
  },
});
