import type { ContentfulStatusCode } from "hono/utils/http-status";

interface ErrorText {
  status: ContentfulStatusCode;
  message: string;
  hint: string;
}

/** Every error the runner can answer, with its wording. `message` may be made more precise where it is thrown. */
const CATALOGUE = {
  request_invalid: {
    status: 400,
    message: "This is no HTTP/1.1 request with a path and a host",
    hint: "Send one that is; see /openapi.json for what there is",
  },
  body_invalid: {
    status: 400,
    message: "The body is not what this endpoint takes",
    hint: "Fix the fields named in the message",
  },
  json_invalid: {
    status: 400,
    message: "The body is not a JSON object",
    hint: 'Send one JSON object, e.g. {"env":"staging","tag":"v1.2.4","triggered_by":"you"}',
  },
  query_invalid: {
    status: 400,
    message: "The query is not what this endpoint takes",
    hint: "Fix the parameters named in the message",
  },
  env_unknown: { status: 400, message: "There is no such environment", hint: "Name one that has a Pulumi.<env>.yaml" },
  service_unknown: { status: 400, message: "There is no such service", hint: "Name services of the catalogue" },
  signature_missing: {
    status: 401,
    message: "The request is not signed",
    hint: "Send X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the raw body with WEBHOOK_SECRET>",
  },
  signature_invalid: {
    status: 401,
    message: "The signature does not fit the request",
    hint: "Sign the raw bytes of the body with the runner's WEBHOOK_SECRET; a re-formatted body has another signature",
  },
  signature_expired: {
    status: 401,
    message: "The signature's time is more than 300 seconds away from now",
    hint: "Set the sender's clock and sign again",
  },
  signature_replayed: {
    status: 401,
    message: "This nonce was used before",
    hint: "Sign each request with a fresh nonce",
  },
  signature_v2_required: {
    status: 401,
    message: "This request needs a v2 signature",
    hint: "Send X-Dockmaster-Timestamp, X-Dockmaster-Nonce and X-Dockmaster-Signature; the dockmaster command does",
  },
  secret_not_configured: {
    status: 401,
    message: "The runner has no WEBHOOK_SECRET, so it accepts nothing",
    hint: "Set WEBHOOK_SECRET (or WEBHOOK_SECRET_FILE) on the runner",
  },
  token_invalid: {
    status: 401,
    message: "This needs a token or a signature",
    hint: "Send Authorization: Bearer <API_TOKEN>, or sign the request",
  },
  caller_not_allowed: {
    status: 403,
    message: "The key that signed this may not ask for it",
    hint: "Sign with WEBHOOK_SECRET, and what changes production with PRODUCTION_SECRET",
  },
  preview_refused: {
    status: 403,
    message: "The commit is not previewed",
    hint: "See the message for what is missing",
  },
  not_found: { status: 404, message: "There is nothing here", hint: "See /openapi.json for what there is" },
  run_not_found: { status: 404, message: "There is no such run", hint: "GET /runs lists them" },
  hold_not_found: { status: 404, message: "There is no such hold", hint: "GET /holds lists them" },
  stack_not_found: { status: 404, message: "There is no such environment", hint: "GET /stacks lists them" },
  tag_not_found: {
    status: 404,
    message: "The repository has no such tag",
    hint: "Push the tag first: git push origin <tag>",
  },
  commit_not_found: {
    status: 404,
    message: "The repository has no such commit on a branch or tag",
    hint: "Push it to the repository itself; a fork's commits are not taken",
  },
  method_not_allowed: { status: 405, message: "This path has no such method", hint: "Use one that Allow names" },
  tag_moved: {
    status: 409,
    message: "The tag names another commit than it did before",
    hint: "Tags are never moved here: make a new one for the new commit",
  },
  run_finished: { status: 409, message: "The run has ended already", hint: "GET /runs/<id> tells how" },
  hold_ended: { status: 409, message: "The hold has ended already", hint: "GET /holds lists those that count" },
  release_refused: {
    status: 409,
    message: "The release rules do not allow this",
    hint: "See the message for what is missing",
  },
  body_timeout: {
    status: 408,
    message: "The body did not arrive in time",
    hint: "Send the whole body within 10 seconds",
  },
  length_required: {
    status: 411,
    message: "The request does not say how long its body is",
    hint: "Send Content-Length, and the body in one piece: no Transfer-Encoding",
  },
  body_too_large: { status: 413, message: "The body is larger than 1 MiB", hint: "Send less" },
  content_type: {
    status: 415,
    message: "The body's type is not application/json",
    hint: "Send Content-Type: application/json; in a webhook's settings choose application/json",
  },
  release_invalid: {
    status: 422,
    message: "The tag cannot be deployed",
    hint: "See the message for what is wrong with it",
  },
  too_many_streams: {
    status: 429,
    message: "This reader follows too much at once",
    hint: "Close some of the streams, then try again as Retry-After says",
  },
  rate_limited: { status: 429, message: "Too many requests", hint: "Wait as Retry-After says" },
  internal: {
    status: 500,
    message: "The runner made a mistake",
    hint: "Its log has the details under this requestId; please report it",
  },
  git_unreachable: {
    status: 503,
    message: "The Git repository cannot be read",
    hint: "Check GIT_REPO_URL, its credentials and the network; nothing was changed",
  },
  tag_not_pushed: {
    status: 503,
    message: "The release tag could not be pushed",
    hint: "Let the runner's Git credentials push tags, or set WEBHOOK_TAG=reuse and tag elsewhere",
  },
  tag_unverifiable: {
    status: 503,
    message: "The tag's signature cannot be checked",
    hint: "The runner needs ssh-keygen of OpenSSH 8.9 or newer; nothing was changed",
  },
  store_unavailable: {
    status: 503,
    message: "The store cannot be written",
    hint: "Check DATA_DIR's disk or DATABASE_URL; nothing was changed",
  },
  overloaded: {
    status: 503,
    message: "Too much is being sent to the runner at the moment",
    hint: "Wait as Retry-After says; nothing was changed",
  },
  stopping: { status: 503, message: "The runner is stopping", hint: "Send the request again in a moment" },
} as const satisfies Record<string, ErrorText>;

/** Code of an error answer. */
export type ErrorCode = keyof typeof CATALOGUE;

/** An error that is meant for the caller. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly code: ErrorCode;
  readonly status: ContentfulStatusCode;
  readonly hint: string;
  /** Seconds after which it is worth trying again. */
  readonly retryAfter: number | undefined;
  /** What the caller sees as the code: the catalogue's, or a finer one from where the rule stands. */
  readonly shownCode: string;

  /** `message`, `hint` and `shownCode` replace the catalogue's where the place knows better. None may hold a secret. */
  constructor(
    code: ErrorCode,
    message?: string,
    options?: { hint?: string; shownCode?: string; retryAfter?: number; cause?: unknown },
  ) {
    super(message ?? CATALOGUE[code].message, { cause: options?.cause });
    this.code = code;
    this.status = CATALOGUE[code].status;
    this.hint = options?.hint ?? CATALOGUE[code].hint;
    this.retryAfter = options?.retryAfter;
    this.shownCode = options?.shownCode ?? code;
  }
}

/** The body of an error answer. */
export function toErrorBody(error: RequestError, requestId: string) {
  return { error: { code: error.shownCode, message: error.message, hint: error.hint, requestId } };
}
