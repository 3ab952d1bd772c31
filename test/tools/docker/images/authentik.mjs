import { chmodSync, copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { path, unpackSystem } from "./system.mjs";

/**
 * Not Authentik, which no package holds, but a small program with the same contract towards its compose file: the commands of `ak`, the
 * settings, the port, the readiness that asks PostgreSQL and Redis, the worker's heartbeat. @param {{work: string, root: string}} folders
 */
export async function authentikFiles({ work, root }) {
  const packages = ["python3", "dumb-init", "postgresql-client", "redis-tools"];
  await unpackSystem({ work, root, packages, user: "authentik" });
  const program = join(root, "usr/bin/ak");
  copyFileSync(new URL("authentik-ak.py", import.meta.url), program);
  chmodSync(program, 0o755);
  mkdirSync(join(root, "media"));
  // Debian's `psql` is a link that only its installation makes.
  const [version = ""] = readdirSync(join(root, "usr/lib/postgresql"));
  return {
    changes: [
      `ENV PATH=${path}:/usr/lib/postgresql/${version}/bin`,
      'ENTRYPOINT ["dumb-init", "--", "ak"]',
      'CMD ["server"]',
    ],
  };
}
