import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const PAGE = join(import.meta.dirname, "../../../docs/guides/add-a-service.md");

/** The files of the page, by path, as they are printed. */
export const documentedFiles: Readonly<Record<string, string>> = Object.fromEntries(
  [...readFileSync(PAGE, "utf8").matchAll(/^```\w+ title="([\w./-]+)"\n([\s\S]*?)^```$/gm)].map(
    ([, path = "", text = ""]) => [path, text],
  ),
);

/** Puts the files of the page into a copy of the program. */
export function addDocumentedService(folder: string): void {
  for (const [path, text] of Object.entries(documentedFiles)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
