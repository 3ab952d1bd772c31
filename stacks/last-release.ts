import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { containerName, volumeName } from "../components/compose/names.ts";
import type { Problem } from "../components/compose/problem.ts";
import { isRecord } from "../components/dokploy/api/sections.ts";
import { describeLeft, namesOf } from "../components/dokploy/rules/data/give-up.ts";
import { type Layout, readLayout } from "../components/dokploy/rules/data/held-data.ts";
import { findLeftData } from "../components/dokploy/rules/data/left-data.ts";
import { fromStackFile } from "./config/stack-file.ts";
import type { StackPlan } from "./plan.ts";
import { isPromoted, RELEASE_TAG } from "./release-tag.ts";

const ROOT = join(import.meta.dirname, "..");

/** Reads a file of a release, undefined when it has none. */
export type ReadRelease = (path: string) => string | undefined;

/** What the last release of a stack says: its tag and its files. */
export interface LastRelease {
  tag: string;
  read: ReadRelease;
}

/**
 * The last release that this checkout's commit contains, as far as Git here knows: for production the last that was promoted
 * (`x.y.0`), for any other stack the highest tag. Undefined without Git or without a tag, as in a shallow clone.
 */
export function findLastRelease(stack: string): LastRelease | undefined {
  const tags = (git("tag", "--merged", "HEAD", "--sort=-version:refname", "--list", "v*") ?? "").split("\n");
  const tag = tags.find((name) => RELEASE_TAG.test(name) && (stack !== "production" || isPromoted(name)));
  return tag === undefined ? undefined : { tag, read: (path) => git("show", `refs/tags/${tag}:${path}`) };
}

function git(...words: string[]): string | undefined {
  try {
    return execFileSync("git", words, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return undefined;
  }
}

/**
 * Data of the last release that containers of this checkout would start without, with the last release's own stack file. A volume in
 * `givenUp` is left on purpose. Says nothing of services that only one of the two has.
 */
export function compareWithRelease(
  { tag, read }: LastRelease,
  { config, services }: StackPlan,
  readNow: ReadRelease,
  givenUp: ReadonlySet<string>,
): Problem[] {
  const before = readNames(config.stack, read(`Pulumi.${config.stack}.yaml`) ?? "");
  if (config.disposable || before === undefined) return [];
  return services.flatMap(({ name, env }) => {
    const file = `components/${name}/compose.yaml`;
    const [then, now] = [read(file), readNow(file)];
    if (then === undefined || now === undefined || !(before.services?.includes(name) ?? true)) return [];
    const live = layoutOf(name, then, before, env);
    const left = findLeftData({ live }, layoutOf(name, now, config, env)).filter(({ had }) => !givenUp.has(had.name));
    if (left.length === 0) return [];
    const flags = namesOf(left).map((volume) => `--give-up ${volume}`);
    const hint = `put it back; the update refuses it too, and says the command that copies the data. On purpose: dockmaster check ${config.stack} ${flags.join(" ")}`;
    return [{ file, message: `${name}: with ${tag} ${left.map(describeLeft).join("; ")}`, hint }];
  });
}

interface Names {
  suffix: string;
  domain: string;
}

function readNames(stack: string, text: string): (Names & { services: unknown[] | undefined }) | undefined {
  const values = fromStackFile(stack, text).raw?.values ?? {};
  const { "platform:suffix": suffix, "platform:domain": domain, "platform:services": services } = values;
  if (typeof suffix !== "string") return undefined;
  return { suffix, domain: String(domain ?? ""), services: Array.isArray(services) ? services : undefined };
}

/** Names containers and volumes as the text for Dokploy does, and leaves out everything else. */
function layoutOf(service: string, text: string, { suffix, domain }: Names, env: Record<string, string>): Layout {
  const { services, volumes } = readCompose(text);
  const composeFile = stringify({
    services: Object.fromEntries(
      Object.entries(services).map(([key, value]) => [containerName(service, key, suffix), value]),
    ),
    volumes: Object.fromEntries(
      Object.entries(volumes).map(([key, value]) => [
        key,
        { name: volumeName(service, key, suffix), ...(isRecord(value) ? value : {}) },
      ]),
    ),
  });
  return readLayout({ composeFile, env: { ...env, SUFFIX: suffix, DOMAIN: domain }, appName: service });
}

function readCompose(text: string): { services: Record<string, unknown>; volumes: Record<string, unknown> } {
  try {
    const file: unknown = parse(text, { merge: true, maxAliasCount: -1, logLevel: "silent" });
    const { services, volumes } = isRecord(file) ? file : {};
    return { services: isRecord(services) ? services : {}, volumes: isRecord(volumes) ? volumes : {} };
  } catch {
    // The plan tells of a file of this checkout that cannot be read.
    return { services: {}, volumes: {} };
  }
}
