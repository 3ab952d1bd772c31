import { forbidden, type Refusal, short } from "./refusal.ts";

/** Whose commits may be previewed: what main contains; others too where somebody with the right says yes; all. */
export const PREVIEW_MODES = ["main", "approved", "any"] as const;

/** One of them. */
export type PreviewMode = (typeof PREVIEW_MODES)[number];

/** What has to be known before a commit's program may be run to see what it would change. */
export interface PreviewFacts {
  mode: PreviewMode;
  commit: string;
  /** Whether main contains it. */
  merged: boolean;
  /** Whether the stack had it: its program ran there already. */
  hadHere: boolean;
  /** Whether who asks, by a signature that names this commit, may say yes to code that main lacks. */
  approved: boolean;
}

/** Refuses to run a program that nobody let in. It would run in the runner, with the stack's keys. */
export function refusePreview({ mode, commit, merged, hadHere, approved }: PreviewFacts): Refusal | undefined {
  if (merged || hadHere || mode === "any" || (mode === "approved" && approved)) return undefined;
  if (mode === "main") {
    return forbidden(
      "preview_not_merged",
      `${short(commit)} is not on main, and the runner previews nothing else`,
      "merge it first, or set PREVIEW=approved on the runner, so that a person can say yes to a commit",
    );
  }
  return forbidden(
    "preview_not_approved",
    `${short(commit)} is not on main, and nobody who may has said yes to it`,
    "let the workflow ask in GitHub's environment preview, where a reviewer says yes, or ask with PREVIEW_SECRET or PRODUCTION_SECRET",
  );
}
