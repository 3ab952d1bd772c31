import type { Command } from "commander";
import { gh } from "../github/gh.ts";
import { printText } from "../print/print.ts";
import { CliError } from "../problem.ts";
import { formatNotes } from "./format-notes.ts";
import { readNotes } from "./notes.ts";
import { addRepositoryOptions, type RepositoryOptions } from "./open.ts";

/** `dockmaster release publish` */
export function define(command: Command): void {
  addRepositoryOptions(command)
    .argument("<tag>", "a release")
    .addHelpText(
      "after",
      "\nMakes a GitHub Release of the tag with its notes (needs gh, logged in), or brings its notes up to date.\n\nExamples:\n  dockmaster release publish v1.3.0",
    )
    .action(async (tag: string, options: RepositoryOptions) => {
      const notes = formatNotes(await readNotes(tag, options));
      const words = (await isPublished(tag)) ? ["edit", tag] : ["create", tag, "--verify-tag"];
      printText(await gh(["release", ...words, "--title", tag, "--notes-file", "-"], { input: notes }));
    });
}

async function isPublished(tag: string): Promise<boolean> {
  try {
    await gh(["release", "view", tag, "--json", "tagName"]);
    return true;
  } catch (error) {
    if (error instanceof CliError && error.message.includes("release not found")) return false;
    throw error;
  }
}
