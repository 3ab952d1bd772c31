import type { Command } from "commander";
import { isProductionTag, parseTag, sortTags } from "../../automation/domain/releases/release-tag.ts";
import { formatAge } from "../print/duration.ts";
import { printJson, printLines } from "../print/print.ts";
import { formatTable } from "../print/table.ts";
import { hasRunnerAddress } from "../runner/address.ts";
import { readStacks } from "../runner/stacks.ts";
import { addRepositoryOptions, openHere, type RepositoryOptions } from "./open.ts";
import type { TaggedRelease } from "./repository.ts";

/** `dockmaster release list` */
export function define(command: Command): void {
  addRepositoryOptions(command)
    .option("--limit <number>", "how many, highest number first", "20")
    .addHelpText(
      "after",
      "\nWhat is deployed where is asked of the runner when DOCKMASTER_URL is set.\n\nExamples:\n  dockmaster release list\n  dockmaster release list --limit 100 --json",
    )
    .action(async (options: RepositoryOptions & { limit: string }) => {
      const repository = await openHere(options);
      await repository.fetch();
      const stacks = hasRunnerAddress() ? await readStacks() : [];
      const rows = listReleases(await repository.releases(), stacks).slice(0, Number(options.limit));
      if (options.json) printJson({ releases: rows });
      else printLines(formatReleases(rows, Date.now()));
    });
}

/** One release as it is listed. */
export interface ListedRelease {
  tag: string;
  commit: string;
  kind: string;
  promotedFrom: string | null;
  releasedBy: string | null;
  /** ISO 8601. */
  at: string;
  /** Environments that have it. */
  deployed: string[];
}

/** Releases with the highest number first, and where each is deployed: by tag, else by commit. */
export function listReleases(
  releases: TaggedRelease[],
  stacks: { env: string; tag: string | null; commit: string | null }[],
): ListedRelease[] {
  const byTag = new Map(releases.map((release) => [release.tag, release]));
  return sortTags([...byTag.keys()])
    .reverse()
    .flatMap((name) => byTag.get(name) ?? [])
    .map(({ tag, commit, at, trailers }) => ({
      tag,
      commit,
      kind: trailers.kind ?? (isProductionTag(tag) ? "production" : "staging"),
      promotedFrom: trailers.promotedFrom,
      releasedBy: trailers.releasedBy,
      at: new Date(at).toISOString(),
      deployed: stacks
        .filter((stack) => (stack.tag ? stack.tag === tag : stack.commit === commit))
        .map(({ env }) => env),
    }));
}

function formatReleases(releases: ListedRelease[], now: number): string[] {
  if (releases.length === 0) return ["There is no release yet: dockmaster release next"];
  const rows = releases.map(({ tag, kind, promotedFrom, commit, at, releasedBy, deployed }) => [
    tag,
    kind,
    promotedFrom ?? "",
    commit.slice(0, 7),
    formatAge(now - Date.parse(at)),
    releasedBy ?? "",
    deployed.join(", "),
  ]);
  return formatTable(["release", "kind", "from", "commit", "age", "by", "deployed"], rows);
}

/** The release before `tag` that was for production, by number. */
export function productionBefore(releases: ListedRelease[], tag: string): ListedRelease | undefined {
  const version = parseTag(tag);
  return releases.find((release) => {
    const other = parseTag(release.tag);
    return release.kind !== "staging" && version !== undefined && other !== undefined && other.compare(version) < 0;
  });
}
