import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../../tools/run-program.mjs";

/** How two texts differ, line by line, as `git diff` tells it without its headings. */
export async function diffTexts(from: string, to: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-"));
  try {
    writeFileSync(join(folder, "before"), from);
    writeFileSync(join(folder, "now"), to);
    const color = process.stdout.isTTY ? "always" : "never";
    const words = ["diff", "--no-index", "--no-ext-diff", `--color=${color}`, "--unified=2", "--", "before", "now"];
    const { stdout } = await runProgram("git", words, { cwd: folder });
    return stdout.trimEnd().split("\n").slice(4);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
