import { createHmac, hkdfSync } from "node:crypto";
import type { Settings } from "./settings.ts";

/** Derives the key for fingerprints from PLATFORM_KEY; undefined without one. */
export function fingerprintKey(platformKey: string | undefined): Buffer | undefined {
  if (!platformKey) return undefined;
  return Buffer.from(hkdfSync("sha256", platformKey, "", "dockmaster/dokploy/fingerprint", 32));
}

/**
 * What is shown for an env value that the program does not declare: it tells two values apart and never the value.
 * Without a key only that there is one, because a bare hash of a short value can be guessed.
 */
export function fingerprint(value: string, key: Buffer | undefined): string {
  if (key === undefined) return "(set by hand)";
  return `(set by hand, ${createHmac("sha256", key).update(value).digest("hex").slice(0, 12)})`;
}

/** Everything that a deployment brings to the containers. */
export interface Deployable {
  composeFile: string;
  env: Record<string, string>;
  domains: readonly object[];
  settings: Settings;
}

/**
 * A digest of what a deployment brought up, written into its description: so that a lost state, or an update that was cut off
 * between writing and deploying, is told from a finished one. Undefined without PLATFORM_KEY: a bare hash could be guessed from.
 */
export function contentDigest(content: Deployable, key: Buffer | undefined): string | undefined {
  if (key === undefined) return undefined;
  const { autoDeploy: _a, environmentId: _e, ...settings } = content.settings;
  const parts = [
    unixLines(content.composeFile),
    sorted(content.env),
    content.domains.map(sorted).sort(),
    sorted(settings),
  ];
  return createHmac("sha256", key).update(JSON.stringify(parts)).digest("hex").slice(0, 24);
}

export function sorted(record: object): string {
  return JSON.stringify(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function unixLines(text: string): string {
  return text.replace(/\r\n?/g, "\n");
}

const MARK = /\[content ([0-9a-f]{24})\]/;
const KEPT = /\[kept ([^\]]+)\]/;

/**
 * The description of a deployment: for whom it was made, the digest of what the program says, and which parts it brings as they were
 * changed by hand.
 */
export function printDeployment(release: string, digest: string | undefined, kept: readonly string[] = []): string {
  const mark = digest === undefined ? "" : ` [content ${digest}]`;
  const parts = kept.length === 0 ? "" : ` [kept ${kept.join(", ")}]`;
  return `Deployed by Dockmaster${release === "" ? "" : ` for ${release}`}${mark}${parts}`;
}

/** Parts that a deployment of ours brought as they were changed by hand. */
export function parseKept(description: string): string[] {
  return KEPT.exec(description)?.[1]?.split(", ") ?? [];
}

/** The digest in a deployment's description, when it is one of ours. */
export function parseDeployment(description: string): string | undefined {
  return MARK.exec(description)?.[1];
}
