import { createHmac } from "node:crypto";

/** Whose key of a digest it is: nothing else is ever made with this one. */
const PURPOSE = "dockmaster: settings of a look, 1";

/** Where a process has its files, which differs from one runner to the next, and of which no program makes anything. */
const OF_THE_MACHINE: ReadonlySet<string> = new Set(["HOME", "TMPDIR", "USER", "NODE_COMPILE_CACHE"]);

/**
 * A digest of all that the engine and its program are told beside the release: equal digests, equal settings. Keyed with the platform's
 * key, so that nobody without it can try out values; undefined where that is not known.
 */
export function digestSettings(
  env: Readonly<Record<string, string | undefined>>,
  versions: Readonly<Record<string, string>>,
): string | undefined {
  const { PLATFORM_KEY: platformKey } = env;
  if (!platformKey) return undefined;
  const key = createHmac("sha256", platformKey).update(PURPOSE).digest();
  const sorted = (record: Readonly<Record<string, string | undefined>>) =>
    Object.entries(record)
      .filter(([name, value]) => value !== undefined && !OF_THE_MACHINE.has(name))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHmac("sha256", key)
    .update(JSON.stringify([sorted(env), sorted(versions)]))
    .digest("hex");
}
