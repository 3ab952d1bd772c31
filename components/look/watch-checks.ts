import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { prometheusConnection } from "../dokploy/api/checks/prometheus.ts";
import { runChecks } from "../dokploy/api/checks/run-checks.ts";
import type { CheckInput } from "../dokploy/rules/checks/check.ts";
import { fingerprintKey } from "../dokploy/rules/fingerprint.ts";
import type { ChecksAnswer, LeftResource } from "./left.ts";

const CIPHER = "aes-256-gcm";
const IV = 12;
const TAG = 16;

/**
 * Checks as they are kept with what was left: an address or a query may hold what only the engine worker may know, so it is sealed under
 * the stack's key. `key` is that of its fingerprints.
 */
export function sealChecks(checks: readonly CheckInput[], key: Buffer): string {
  const iv = randomBytes(IV);
  const cipher = createCipheriv(CIPHER, sealingKey(key), iv);
  const sealed = Buffer.concat([cipher.update(JSON.stringify(checks), "utf8"), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64");
}

/** The checks again. Throws when the key is another one, or somebody changed the text. */
export function openChecks(text: string, key: Buffer): CheckInput[] {
  const bytes = Buffer.from(text, "base64");
  const decipher = createDecipheriv(CIPHER, sealingKey(key), bytes.subarray(0, IV));
  decipher.setAuthTag(bytes.subarray(IV, IV + TAG));
  const clear = Buffer.concat([decipher.update(bytes.subarray(IV + TAG)), decipher.final()]);
  return JSON.parse(clear.toString("utf8")) as CheckInput[];
}

function sealingKey(key: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", key, "", "dockmaster watch checks", 32));
}

/**
 * Asks the checks that have to hold while a release is watched, each to its end or for `forMs`. One that has no end holds when it was
 * measured and nothing had spoken against it by then. Never rejects for what a check finds.
 */
export async function askWatchChecks(
  resources: readonly LeftResource[],
  { env, forMs, signal }: { env: NodeJS.ProcessEnv; forMs: number; signal: AbortSignal },
): Promise<ChecksAnswer> {
  const key = fingerprintKey(env.PLATFORM_KEY);
  if (key === undefined) return { say: "unknown", why: "PLATFORM_KEY is not set" };
  let checks: { service: string; check: CheckInput }[];
  try {
    checks = resources.flatMap((resource) => {
      if (resource.type !== "service" || resource.checks === undefined) return [];
      return openChecks(resource.checks, key).map((check) => ({ service: resource.service, check }));
    });
  } catch {
    return { say: "unknown", why: "the checks were kept under another PLATFORM_KEY" };
  }
  const until = AbortSignal.any([signal, AbortSignal.timeout(Math.max(0, forMs))]);
  const run = { signal: until, prometheus: () => prometheusConnection(undefined, env) };
  const results = (
    await runChecks(
      checks.map(({ check }) => check),
      run,
    )
  ).map((result, index) => ({
    ...result,
    why: `${checks[index]?.service}: ${result.check}: ${result.message}`,
  }));
  const failed = results.filter(({ phase }) => phase === "Failed");
  if (failed.length > 0) return { say: "failed", why: failed.map(({ why }) => why).join("; ") };
  // What has no end, or had not come to it: no data is no yes, nor is what could not be asked last.
  const untold = results.filter(
    ({ phase, last }) => phase !== "Successful" && !(phase === "Running" && last === "Successful"),
  );
  if (untold.length > 0) return { say: "unknown", why: untold.map(({ why }) => why).join("; ") };
  return { say: "hold" };
}
