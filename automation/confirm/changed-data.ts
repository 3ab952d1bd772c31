import { parse } from "yaml";
import { findChangedData, mayHoldData, type ServiceFiles } from "../domain/confirming/changed-data.ts";
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
  const services = had.filter((service) => has.includes(service) && !safe.has(service)).sort();
  const changed: string[] = [];
  for (const service of services) {
    const [before, after] = await Promise.all([
      readService(on, from, service, stack),
      readService(on, to, service, stack),
    ]);
    if (findChangedData(before, after)) changed.push(service);
  }
  // What only one of the two has keeps its data as it is, unless the other has it under another name.
  const [gone, come] = await Promise.all([
    withData(on, from, { stack, services: had.filter((service) => !has.includes(service) && !safe.has(service)) }),
    withData(on, to, { stack, services: has.filter((service) => !had.includes(service) && !safe.has(service)) }),
  ]);
  return gone.length > 0 && come.length > 0 ? [...changed, ...gone].sort() : changed;
}

async function withData(
  on: Comparing,
  commit: string,
  { stack, services }: { stack: string; services: readonly string[] },
): Promise<string[]> {
  const found: string[] = [];
  for (const service of services) {
    if (mayHoldData(await readService(on, commit, service, stack))) found.push(service);
  }
  return found;
}

async function readService(
  { mirror }: Comparing,
  commit: string,
  service: string,
  stack: string,
): Promise<ServiceFiles> {
  const folder = `components/${service}`;
  const idOf = (path: string) =>
    mirror.git(["rev-parse", "--verify", "--quiet", `${commit}:${path}`]).then(
      (id) => id.trim(),
      () => "",
    );
  const [compose, definition, tree, stackFile, ...shared] = await Promise.all([
    mirror
      .readText(commit, `${folder}/compose.yaml`)
      .then((text) => text ?? mirror.readText(commit, `${folder}/compose.yml`)),
    mirror.readText(commit, `${folder}/index.ts`),
    idOf(folder),
    mirror.readText(commit, `Pulumi.${stack}.yaml`),
    ...["components", "stacks", `Pulumi.${stack}.yaml`, "package-lock.json"].map(idOf),
  ]);
  return {
    compose: parseYaml(compose),
    definition: definition ?? null,
    tree,
    shared: shared.join(" "),
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
