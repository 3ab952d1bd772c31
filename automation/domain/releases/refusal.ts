/** Why a request about releases was not taken. */
export type RefusalCode =
  | "tag_invalid"
  | "tag_moved"
  | "by_hand_only"
  | "superseded"
  | "not_on_main"
  | "not_on_staging"
  | "never_had"
  | "would_lose"
  | "older_release"
  | "no_production"
  | "not_a_hotfix"
  | "unknown_commit"
  | "signature_v2_required"
  | "hotfix_unsigned"
  | "preview_not_merged"
  | "preview_not_approved";

/**
 * A refusal for people and machines. `superseded` is no error: something newer is there and nothing happens (200);
 * `conflict`: the rules do not allow it now (409); `invalid`: it can never be right (422); `unsigned`: not with this form of signature
 * (401); `forbidden`: not for this caller (403).
 */
export interface Refusal {
  ok: false;
  status: "superseded" | "conflict" | "invalid" | "unsigned" | "forbidden";
  code: RefusalCode;
  /** What holds it back. */
  message: string;
  /** What to do about it. */
  hint: string;
  /** The release that is there instead, when superseded. */
  supersededBy?: string;
}

export function conflict(code: RefusalCode, message: string, hint: string): Refusal {
  return { ok: false, status: "conflict", code, message, hint };
}

export function superseded(by: string, message: string, hint: string): Refusal {
  return { ok: false, status: "superseded", code: "superseded", message, hint, supersededBy: by };
}

export function invalid(code: RefusalCode, message: string, hint: string): Refusal {
  return { ok: false, status: "invalid", code, message, hint };
}

export function forbidden(code: RefusalCode, message: string, hint: string): Refusal {
  return { ok: false, status: "forbidden", code, message, hint };
}

export function unsigned(message: string): Refusal {
  const hint = "sign it with time and nonce, as the dockmaster command does";
  return { ok: false, status: "unsigned", code: "signature_v2_required", message, hint };
}

/** A commit as people read it. */
export function short(commit: string): string {
  return commit.slice(0, 7);
}
