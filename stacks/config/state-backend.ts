/** Where a stack's state belongs. Bootstrap, `dockmaster doctor` and docs/guides/state.md say it in these words. */
export const STATE_RULE =
  "a folder is right for one runner that people go through (`dockmaster deploy`, `preview --runner`, …) and back up; use S3 or PostgreSQL where laptops update too, or several runners share";

/**
 * Who reaches the state at an address: `folder` one machine alone, `shared` everybody who may sign in, `unknown` people perhaps, but
 * no runner, since none of its variables signs in there.
 */
export function reachOf(url: string): "folder" | "shared" | "unknown" {
  if (url.startsWith("file://")) return "folder";
  return /^(s3|https?|postgres(ql)?):\/\//.test(url) ? "shared" : "unknown";
}
