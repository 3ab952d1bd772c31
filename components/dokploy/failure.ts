import { showLines } from "../../text/characters.ts";
import { DokployError, type DokployErrorKind } from "./api/errors.ts";
import type { Mask } from "./api/mask.ts";
import { type ErrorCode, ServiceError } from "./rules/service-error.ts";

const CODES: Record<DokployErrorKind, ErrorCode> = {
  auth: "dokploy_auth",
  "limited-key": "dokploy_auth",
  permission: "dokploy_auth",
  transient: "dokploy_unreachable",
  validation: "config_invalid",
  unsupported: "config_invalid",
  moved: "config_invalid",
  conflict: "program_error",
  "not-found": "program_error",
  unknown: "program_error",
};

/** Translates whatever was thrown. */
export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof DokployError) {
    return new ServiceError(error.elsewhere ? "dokploy_elsewhere" : CODES[error.kind], error.message, error.hint);
  }
  const what = error instanceof Error ? error.message : String(error);
  return new ServiceError("program_error", what, "this is a mistake in Dockmaster: report it with this text");
}

/** Characters that are shown of a message, and of a line of a log. */
const MESSAGE = 2_000;
const LINE = 300;

/**
 * One text for people and programs: `code: message (hint)`, then the end of the log. Masked, and shortened only after that: the
 * first half of a secret would not be recognised.
 */
export function reasonOf(error: unknown, mask: Mask): string {
  const { code, message, hint, log } = toServiceError(error);
  const lines = log.length > 0 ? showLines(mask(log.join("\n"))).split("\n") : [];
  const first = `${code}: ${showLines(mask(message)).slice(0, MESSAGE)} (${showLines(mask(hint))})`;
  return [first, ...lines.map((line) => line.slice(0, LINE))].join("\n");
}

/** An error to throw while nothing was made or changed: the state stays as it is. */
export function plainFailure(error: unknown, mask: Mask): Error {
  return quiet(reasonOf(error, mask));
}

/** What Pulumi's launcher turns into a recorded resource with a failed initialisation. */
export interface RecordedFailure extends Error {
  id: string;
  properties: object;
  reasons: string[];
}

/**
 * An error to throw once the object exists: the state then holds it with everything that later calls need. `provider` is
 * `__provider` of the inputs; the launcher adds it to results but not to errors, and without it the resource could never be
 * refreshed or destroyed.
 */
export function recordedFailure(
  id: string,
  outputs: object,
  provider: unknown,
  error: unknown,
  mask: Mask,
): RecordedFailure {
  const reason = reasonOf(error, mask);
  const [first = reason] = reason.split("\n", 1);
  return Object.assign(quiet(first), { id, properties: { ...outputs, __provider: provider }, reasons: [reason] });
}

/** The launcher prints the stack of what it catches; ours would only repeat the message. */
function quiet(message: string): Error {
  const error = new Error(message);
  error.stack = "";
  return error;
}
