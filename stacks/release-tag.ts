/**
 * The form of a release tag. The runner's own is in automation/domain/releases/release-tag.ts, which a release does not import; a test
 * holds the two together.
 */
export const RELEASE_TAG = /^v(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$/;

/** Whether promotion made it: `vX.Y.0`. */
export function isPromoted(tag: string): boolean {
  return RELEASE_TAG.exec(tag)?.[3] === "0";
}
