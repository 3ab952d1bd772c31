import { appendFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { path, unpackSystem } from "./system.mjs";

/** Debian's PostgreSQL behind the interface of the official image. @param {{work: string, root: string}} folders */
export async function postgresFiles({ work, root }) {
  await unpackSystem({ work, root, packages: ["postgresql"], user: "postgres", entrypoint: "postgres-entrypoint.sh" });
  const [version = ""] = readdirSync(join(root, "usr/lib/postgresql"));
  const programs = `usr/lib/postgresql/${version}`;
  // The compiler of its queries needs LLVM, which is bigger than all the rest; without the library it does not try.
  rmSync(join(root, programs, "lib/llvmjit.so"), { force: true });
  for (const folder of ["docker-entrypoint-initdb.d", "var/lib/postgresql/data", "run/postgresql"])
    mkdirSync(join(root, folder), { recursive: true });
  const sample = join(root, `usr/share/postgresql/${version}/postgresql.conf.sample`);
  appendFileSync(sample, "listen_addresses = '*'\n");
  return {
    changes: [
      `ENV PATH=${path}:/${programs}/bin`,
      "ENV PGDATA=/var/lib/postgresql/data",
      "ENV LANG=C.UTF-8",
      "VOLUME /var/lib/postgresql/data",
      "EXPOSE 5432",
      'ENTRYPOINT ["docker-entrypoint.sh"]',
      'CMD ["postgres"]',
    ],
  };
}
