import { parse } from "yaml";
import { z } from "zod";

const grant = z.union([z.string(), z.looseObject({ source: z.string() }).transform(({ source }) => source)]);
const composeFile = z.object({
  services: z
    .record(z.string(), z.looseObject({ labels: z.array(z.string()).catch([]), secrets: z.array(grant).catch([]) }))
    .catch({}),
});

/** The label by which containers are recreated for another value of a secret (components/compose/deliver/deliver-secrets.ts). */
const LABEL = "dockmaster.secrets=";

/** Secrets of a service whose values differ between two of its texts, by name. */
export interface ChangedSecrets {
  /** Without doubt. */
  certain: string[];
  /** One of these at least, for each list. */
  oneOf: string[][];
}

/**
 * Which secrets have other values, by the keyed fingerprints in both texts: the values themselves are nowhere to be seen. A container
 * whose fingerprint is the same says that all of its secrets are.
 */
export function changedSecrets(before: unknown, after: unknown): ChangedSecrets {
  const none = { certain: [], oneOf: [] };
  if (typeof before !== "string" || typeof after !== "string" || before === after) return none;
  const [old, now] = [readContainers(before), readContainers(after)];
  const both = [...now].flatMap(([name, { print, secrets }]) => {
    const was = old.get(name);
    if (was?.print === undefined || print === undefined) return [];
    // A secret more or less is a change of the file, which shows by itself.
    const same = was.secrets.join() === secrets.join();
    return same ? [{ equal: was.print === print, secrets }] : [];
  });
  const equal = new Set(both.flatMap((each) => (each.equal ? each.secrets : [])));
  const suspects = both
    .filter((each) => !each.equal)
    .map(({ secrets }) => secrets.filter((secret) => !equal.has(secret)))
    .filter((secrets) => secrets.length > 0);
  const certain = [...new Set(suspects.filter(({ length }) => length === 1).flat())].sort();
  const open = suspects.filter((secrets) => !secrets.some((secret) => certain.includes(secret)));
  return { certain, oneOf: [...new Map(open.map((secrets) => [secrets.join(), secrets])).values()] };
}

function readContainers(text: string): Map<string, { print: string | undefined; secrets: string[] }> {
  const services = composeFile.safeParse(readYaml(text)).data?.services ?? {};
  return new Map(
    Object.entries(services).map(([name, { labels, secrets }]) => [
      name,
      { print: labels.find((label) => label.startsWith(LABEL)), secrets: [...new Set(secrets)].sort() },
    ]),
  );
}

function readYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    // Whoever wrote it by hand in Dokploy may have written anything.
    return undefined;
  }
}
