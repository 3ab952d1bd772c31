import { execFileSync } from "node:child_process";

/** What Dokploy's deployments are titled with: the tag here, else the commit; `+` when files were changed since. */
export function describeRelease(folder: string = process.cwd()): string {
  try {
    const words = ["describe", "--tags", "--always", "--dirty=+"];
    return execFileSync("git", words, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "no release";
  }
}
