import { appendFileSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { hasPlainState, readState } from "../journal/checkpoint.ts";
import { type JournaledUpdate, openJournaledUpdate } from "../journal/journaled-update.ts";
import type { EngineJob } from "./messages.ts";

/** Longest description that Pulumi's own service takes, in bytes (pulumi/pulumi, pkg/util/validation/stack.go). */
const DESCRIPTION_LIMIT = 256;

/**
 * Holds the job's stack for an update that writes a journal. Undefined where the engine could not do the same update so: it then
 * asks another kind of backend for what is said nowhere, and checks more. Throws StackLocked, JournalConflict.
 */
export async function openJournal({
  journal: place,
  configFile,
  workDir,
}: EngineJob): Promise<JournaledUpdate | undefined> {
  if (!place || !(await hasPlainState(place))) return undefined;
  const [stack = "", project = ""] = [configFile, join(workDir, "Pulumi.yaml")].map((file) =>
    readFileSync(file, "utf8"),
  );
  if (!fitsService(project) || !fitsService(stack)) return undefined;
  const { deployment } = await readState(place);
  if (deployment.secrets_providers === undefined && !namesKey(stack)) return undefined;
  return openJournaledUpdate(place, join(dirname(configFile), "credentials"));
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
