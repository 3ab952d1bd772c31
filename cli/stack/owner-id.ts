import { hkdfSync } from "node:crypto";

/**
 * The id that marks objects on Dokploy as those of a platform key and a stack: 16 hex digits. The program derives the
 * same (components/platform/keys.ts), and a checkout's program is never imported here: a test holds the two together.
 */
export function ownerId(platformKey: string, stack: string): string {
  return Buffer.from(hkdfSync("sha256", platformKey, "", `owner/${stack}`, 8)).toString("hex");
}
