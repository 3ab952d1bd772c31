import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..", "..");

/** Copies the program into an empty folder. */
export function copyProgram(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const part of ["stacks", "components", "text", "tools", "package.json", "Pulumi.yaml"]) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
}

/** Config of a staging stack with an unknown key. */
export const BROKEN_CONFIG = [
  "platform:domain: example.org",
  "platform:suffix: -staging",
  "platform:redis: {memroy: 1g}",
];

/** Breaks every service of a program's copy in its own way. */
export function breakProgram(folder: string): void {
  const edit = (file: string, from: string | RegExp, to: string) => {
    const path = join(folder, "components", file);
    const text = readFileSync(path, "utf8");
    const broken = text.replace(from, to);
    if (broken === text) throw new Error(`${file} has no ${from}`);
    writeFileSync(path, broken);
  };
  edit("minio/compose.yaml", "    mem_limit: 256m\n", "   mem_limit: 256m\n");
  edit("redis/index.ts", 'name: "redis",', 'name: "redis",\n  needs: ["postgre"],');
  edit("redis/compose.yaml", "      - redis_password\n", "      - redis_password\n      - redis_admin\n");
  edit("authentik/compose.yaml", /(HOST: platform-redis).*/, "$1");
  edit("postgres/compose.yaml", /postgres:17[\w.-]+/, "postgres:latest");
  edit("postgres/compose.yaml", "    shm_size: 128m\n", '    shm_size: 128m\n    hostname: "2024-05-01"\n');
}

/** What is said of it, whole: each with its place and what to do. */
export const REFUSALS = [
  "Pulumi.staging.yaml:4:20  `platform:redis.memroy`: unknown key  (did you mean `memory`?)",
  "components/authentik/compose.yaml:19:5  host name `platform-redis` lacks the suffix  (write `platform-redis$" +
    "{SUFFIX:-}`)",
  "components/minio/compose.yaml:46:4  All mapping items must start at the same column  (line the keys of one level up)",
  "components/minio/compose.yaml:48:5  All mapping items must start at the same column  (line the keys of one level up)",
  "components/postgres/compose.yaml:3:5  `latest` floats  (pin the image by a version or a digest)",
  "components/postgres/compose.yaml:20:5  Dokploy would drop the quotes of `2024-05-01`, and Compose then reads something else  (pass it through a variable, or write it another way)",
  "components/redis/compose.yaml:24:9  secret `redis_admin` is not defined  (add `redis_admin: {environment: REDIS_ADMIN}` to the top-level `secrets:`)",
  "components/redis/index.ts  needs `postgre`, which is no service of the catalogue  (did you mean `postgres`?)",
];
