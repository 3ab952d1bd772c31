import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What the `gh` double keeps. */
export interface GitHub {
  /** Notes by tag. */
  releases: Record<string, string>;
  labels: string[];
  issues: { number: number; title: string; body: string; open: boolean; labels: string[]; comments: string[] }[];
  comments: { id: number; issue: number; bot: boolean; body: string }[];
}

/** What GitHub has now. */
export function readGitHub(folder: string): GitHub {
  const file = join(folder, "github.json");
  if (!existsSync(file)) return { releases: {}, labels: [], issues: [], comments: [] };
  return JSON.parse(readFileSync(file, "utf8")) as GitHub;
}
