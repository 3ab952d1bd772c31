import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { leftBehind } from "../../../components/look/left.ts";
import { cacheFolder } from "../../../tools/engine-path.mjs";

const record = z.object({
  keptAt: z.number(),
  program: z.string(),
  left: leftBehind,
  /** The services, with what the engine told of each that stays while nothing is to do. */
  services: z.array(
    z.object({
      service: z.string(),
      addresses: z.array(z.string()).optional(),
      allows: z.array(z.string()).optional(),
    }),
  ),
});

/** What the last update from here left. No value of a secret is in it, but keyed digests. */
export type LaptopRecord = z.infer<typeof record>;

/** What is kept of a stack on this machine: for its user alone, and never in a checkout. */
export interface RecordFile {
  /** Undefined where there is none, or none that this release can read. */
  read(): LaptopRecord | undefined;
  write(kept: LaptopRecord): void;
  remove(): void;
}

/** The file of a stack, by where its state lies. */
export function recordFile(backend: string, project: string, stack: string): RecordFile {
  const name = createHash("sha256")
    .update(JSON.stringify([backend, project, stack]))
    .digest("hex")
    .slice(0, 32);
  const file = join(cacheFolder(), "left", `${name}.json`);
  return {
    read: () => {
      try {
        return record.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
      } catch {
        return undefined;
      }
    },
    write: (kept) => {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      const aside = `${file}.${randomUUID()}`;
      writeFileSync(aside, JSON.stringify(kept), { mode: 0o600 });
      renameSync(aside, file);
    },
    remove: () => rmSync(file, { force: true }),
  };
}
