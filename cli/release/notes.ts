import type { Command } from "commander";
import { affectedServices } from "../../automation/domain/releases/affected.ts";
import { toServices } from "../../automation/git/catalogue.ts";
import { printJson, printMarkdown } from "../print/print.ts";
import { wrongUse } from "../problem.ts";
import { formatNotes, parseSubject, type ReleaseNotes } from "./format-notes.ts";
import { listReleases, productionBefore } from "./list.ts";
import { addRepositoryOptions, openHere, type RepositoryOptions } from "./open.ts";
import type { Repository } from "./repository.ts";

/** `dockmaster release notes` */
export function define(command: Command): void {
  addRepositoryOptions(command)
    .argument("<tag>", "a release")
    .addHelpText(
      "after",
      "\nThe changes since the production release before it and the services they touch, as Markdown.\n\nExamples:\n  dockmaster release notes v1.3.0\n  gh release create v1.3.0 --notes-file <(dockmaster release notes v1.3.0)",
    )
    .action(async (tag: string, options: RepositoryOptions) => {
      const notes = await readNotes(tag, options);
      if (options.json) printJson(notes);
      else printMarkdown(formatNotes(notes));
    });
}

/** What a release of the remote brings. Throws CliError. */
export async function readNotes(tag: string, options: RepositoryOptions): Promise<ReleaseNotes> {
  const repository = await openHere(options);
  await repository.fetch();
  const releases = listReleases(await repository.releases(), []);
  const release = releases.find((each) => each.tag === tag);
  if (!release) throw wrongUse(`${repository.remote} has no release ${tag}`, "dockmaster release list shows them");
  return await gatherNotes(repository, release, productionBefore(releases, tag) ?? null);
}

async function gatherNotes(
  { git }: Repository,
  { tag, commit }: { tag: string; commit: string },
  before: { tag: string; commit: string } | null,
): Promise<ReleaseNotes> {
  const range = before ? `${before.commit}..${commit}` : commit;
  const log = await git(["log", "--no-merges", "--format=%H%x00%s", "--end-of-options", range]);
  const files = await git(["ls-tree", "-r", "-z", "--name-only", commit]);
  const changed = before
    ? await git(["diff", "--name-only", "-z", "--no-renames", "--end-of-options", before.commit, commit])
    : files;
  const services = toServices("", files.split("\0"));
  return {
    tag,
    since: before?.tag ?? null,
    changes: log
      .split("\n")
      .filter(Boolean)
      .map((line) => {
        const [id = "", subject = ""] = line.split("\0");
        return { commit: id, ...parseSubject(subject) };
      }),
    services: affectedServices(changed.split("\0").filter(Boolean), services).services,
  };
}
