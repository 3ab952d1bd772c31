import { printAside, printJson, printLines } from "../print/print.ts";
import type { MadeRelease } from "./make-tag.ts";

/** Prints a release: the tag alone on stdout, so that a script can take it; what is to know of it on stderr. */
export function presentRelease({ tag, commit, isNew }: MadeRelease, { json = false } = {}): void {
  if (json) {
    printJson({ tag, commit, new: isNew });
    return;
  }
  printAside(`${tag} ${isNew ? "is on the remote now" : "was there already"}, on ${commit.slice(0, 7)}`);
  printLines([tag]);
}
