import { parse } from "yaml";
import { findChangedData, type ServiceFiles } from "../domain/confirming/changed-data.ts";
import type { Catalogue } from "../git/catalogue.ts";
import type { Mirror } from "../git/mirror.ts";

/** What releases are compared with. */
export interface Comparing {
  mirror: Pick<Mirror, "readText" | "git">;
  catalogue: Pick<Catalogue, "services">;
}

/**
 * Services with data whose image differs between two commits, sorted. `safe`: those that said that going back does no harm. Null where that
 * cannot be told of all of them. The files are read from Git; nothing of a release is run.
 */
export async function compareData(
  on: Comparing,
  stack: string,
  { from, to, safe }: { from: string; to: string; safe: ReadonlySet<string> },
): Promise<string[] | null> {
  const [had, has] = await Promise.all([from, to].map((commit) => on.catalogue.services(commit, stack)));
  if (!had || !has) return null;
  // What only one of the two has keeps its data as it is.
  const services = had.filter((service) => has.includes(service) && !safe.has(service)).sort();
  const changed: string[] = [];
  for (const service of services) {
    const [before, after] = await Promise.all([
      readService(on, from, service, stack),
      readService(on, to, service, stack),
    ]);
    if (findChangedData(before, after)) changed.push(service);
  }
  return changed;
}

async function readService(
  { mirror }: Comparing,
  commit: string,
  service: string,
  stack: string,
): Promise<ServiceFiles> {
  const folder = `components/${service}`;
  const [compose, definition, tree, stackFile] = await Promise.all([
    mirror
      .readText(commit, `${folder}/compose.yaml`)
      .then((text) => text ?? mirror.readText(commit, `${folder}/compose.yml`)),
    mirror.readText(commit, `${folder}/index.ts`),
    mirror.git(["rev-parse", "--verify", "--quiet", `${commit}:${folder}`]).catch(() => ""),
    mirror.readText(commit, `Pulumi.${stack}.yaml`),
  ]);
  return {
    compose: parseYaml(compose),
    definition: definition ?? null,
    tree: tree.trim(),
    settings: settingsOf(parseYaml(stackFile), service),
  };
}

function parseYaml(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return parse(text, { merge: true, maxAliasCount: 1_000, logLevel: "silent" }) as unknown;
  } catch {
    return undefined;
  }
}

/** As text that is equal when they are; null: they cannot be read. */
function settingsOf(file: unknown, service: string): string | null {
  if (typeof file !== "object" || file === null) return null;
  const { config } = file as { config?: unknown };
  if (typeof config !== "object" || config === null) return null;
  return JSON.stringify((config as Record<string, unknown>)[`platform:${service}`] ?? null);
}
