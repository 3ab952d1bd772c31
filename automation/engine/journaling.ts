import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { hasPlainState, readState } from "../journal/checkpoint.ts";
import type { StackPlace } from "./backend.ts";
import type { EngineJob } from "./messages.ts";

/** Longest description that Pulumi's own service takes, in bytes (pulumi/pulumi, pkg/util/validation/stack.go). */
const DESCRIPTION_LIMIT = 256;

/**
 * Whether the engine can do the same update when it writes a journal: it then asks another kind of backend for what is said
 * nowhere, and checks more.
 */
export async function canWriteJournal(
  place: StackPlace,
  { configFile, workDir }: Pick<EngineJob, "configFile" | "workDir">,
): Promise<boolean> {
  if (!(await hasPlainState(place))) return false;
  const { deployment } = await readState(place);
  const [stack, project] = [configFile, join(workDir, "Pulumi.yaml")].map((file) => readFileSync(file, "utf8"));
  const fits = [project, stack].every((text) => fitsService(text ?? ""));
  return fits && (deployment.secrets_providers !== undefined || namesKey(stack ?? ""));
}

/** Whether Pulumi's own service would take what a project's or a stack's file says: it makes tags of that. Pure. */
export function fitsService(text: string): boolean {
  const { description, config } = (parse(text) ?? {}) as { description?: unknown; config?: object | null };
  return Buffer.byteLength(String(description ?? "")) <= DESCRIPTION_LIMIT && !("pulumi:tags" in (config ?? {}));
}

/** Whether a stack's file says how its secrets are encrypted. Pure. */
export function namesKey(stackText: string): boolean {
  const { encryptionsalt, secretsprovider } = (parse(stackText) ?? {}) as Record<string, unknown>;
  return Boolean(encryptionsalt) || !["", "default", "passphrase", undefined, null].includes(secretsprovider as string);
}

/** A stack that was just made has its salt in the checkout's file only. */
export function copySalt(from: string, to: string): void {
  const salt = /^encryptionsalt: .*$/m.exec(readFileSync(from, "utf8"))?.[0];
  if (salt && !namesKey(readFileSync(to, "utf8"))) appendFileSync(to, `\n${salt}\n`);
}
