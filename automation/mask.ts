import { createMask as createMaskOf, type Mask } from "../text/mask/mask.ts";
import type { Cause, ServiceOutcome } from "./domain/run.ts";

export type { Mask };

/** Shorter values would mask ordinary words. */
const SHORTEST = 6;

/** A cause whose texts are masked. Its code is none: a secret may be any word. */
export function maskCause(mask: Mask, cause: Cause): Cause {
  const { message, hint, logTail } = cause;
  const tail = logTail ? { logTail: logTail.map((line) => mask(line)) } : {};
  return { ...cause, message: mask(message), hint: mask(hint), ...tail };
}

/** A service's outcome whose texts are masked, its name and result left alone. */
export function maskOutcome(mask: Mask, outcome: ServiceOutcome): ServiceOutcome {
  const { reason, cause, allows } = outcome;
  return {
    ...outcome,
    reason: mask(reason),
    ...(allows ? { allows: allows.map((text) => mask(text)) } : {}),
    ...(cause ? { cause: maskCause(mask, cause) } : {}),
  };
}

/** The runner's mask: every one of `secrets()`, and what signs in in any address, becomes `[secret]`. */
export function createMask(secrets: () => string[]): Mask {
  return createMaskOf(secrets, { shortest: SHORTEST, mark: "[secret]" });
}
