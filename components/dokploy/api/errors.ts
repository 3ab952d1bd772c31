import type { NoAnswer } from "../../../tools/outgoing/request.mjs";
import { wholeLine } from "./log-tail.ts";

/**
 * What kind of failure an answer is.
 * `auth`: no or wrong key · `limited-key`: a key that worked stopped working · `permission` · `not-found`: Dokploy itself says so ·
 * `conflict` · `validation`: Dokploy refused the input · `transient`: worth another try · `unsupported`: the server is too old · `moved`: the server is elsewhere · `unknown`.
 */
export type DokployErrorKind =
  | "auth"
  | "limited-key"
  | "permission"
  | "not-found"
  | "conflict"
  | "validation"
  | "transient"
  | "unsupported"
  | "moved"
  | "unknown";

/** A failed call to Dokploy. Message and hint hold method, procedure, status and Dokploy's own words; never a value that was sent. */
export class DokployError extends Error {
  readonly kind: DokployErrorKind;
  readonly hint: string;
  /** The call may have been carried out although no good answer came. */
  readonly ambiguous: boolean;
  /** Nobody, or something that is no Dokploy, is at the address. Where a Dokploy was before, that passes too. */
  readonly elsewhere: boolean;

  constructor(
    kind: DokployErrorKind,
    message: string,
    hint: string,
    ambiguous = false,
    { cause, elsewhere = false }: { cause?: unknown; elsewhere?: boolean } = {},
  ) {
    super(message, { cause });
    this.name = "DokployError";
    this.kind = kind;
    this.hint = hint;
    this.ambiguous = ambiguous;
    this.elsewhere = elsewhere;
  }
}

/** One answer as the wire gave it. */
export interface Answer {
  status: number;
  contentType: string;
  /** Where a redirect points, as the server says it. */
  location?: string;
  text: string;
}

/** One call, as far as error texts need it. */
export interface Call {
  method: "GET" | "POST";
  /** `compose.one` */
  procedure: string;
  /** The address of the server as it is set, without `/api`. */
  server?: string;
}

/** Longer words are no words for people: somebody's whole input, say. */
const LONGEST = 4_000;

interface ErrorBody {
  message?: unknown;
  code?: unknown;
  data?: { path?: unknown };
  issues?: { path?: unknown[]; message?: unknown }[];
}

/** Whether the answer comes from a proxy's error page rather than from Dokploy. */
export function isHtml(answer: Answer): boolean {
  return answer.contentType.includes("text/html") || /^\s*<(!doctype|html)/i.test(answer.text);
}

/** Whether it can be Dokploy's own: everything that it says below /api is JSON. */
function isJson(answer: Answer): boolean {
  return answer.contentType.includes("json") || /^\s*[{["]/.test(answer.text);
}

/**
 * Whether a refusal may be about the key or about a right: it is the one word that tRPC says by itself. Dokploy verifies a key twice
 * per request, and a rate limit that falls between the two checks is answered so; a procedure for owners and admins alone says the
 * same to others. A right that Dokploy's own code misses has words of its own.
 */
export function isUnclear({ status, text }: Pick<Answer, "status" | "text">): boolean {
  if (status !== 401) return false;
  const { code, message } = parseBody(text);
  return code === "UNAUTHORIZED" && (message === undefined || message === "UNAUTHORIZED");
}

/** Translates an answer that is not a success. `worked` says whether this key has been accepted before. */
export function toDokployError(call: Call, answer: Answer, worked: boolean): DokployError {
  const at = `${call.method} ${call.procedure} answered ${answer.status}`;
  if ([301, 302, 303, 307, 308].includes(answer.status)) return redirected(call, answer, at);
  // A gateway's error page says nothing about whether Dokploy carried the call out.
  if (isHtml(answer) || [408, 429, 502, 503, 504].includes(answer.status)) {
    const what = isHtml(answer) ? `${at} with a page instead of data` : at;
    return new DokployError("transient", what, whatAnswers(answer), true, { elsewhere: isOthersPage(answer) });
  }
  const body = parseBody(answer.text);
  const said = words(body);
  switch (answer.status) {
    case 401:
      if (body.code !== undefined) return permission(at, said);
      return worked
        ? new DokployError(
            "limited-key",
            `${at}: the API key worked before and is refused now`,
            "the key was deleted, expired or is rate-limited: make one in Dokploy under Settings, Profile, API keys, without a rate limit",
          )
        : new DokployError(
            "auth",
            `${at}: the API key is not accepted`,
            "set DOKPLOY_API_KEY, or dokploy:apiKey in the stack's file, to a valid key; a wrong, expired or rate-limited key and one without an organization look the same",
          );
    case 403:
      return permission(at, said);
    case 404:
      // An unknown procedure and a wrong URL are 404 as well; only Dokploy naming the procedure confirms that the object is gone.
      if (!isJson(answer)) return new DokployError("transient", at, whatAnswers(answer), true);
      return body.code === "NOT_FOUND" && body.data?.path === call.procedure
        ? new DokployError("not-found", `${at}${said}`, "it was deleted or never existed")
        : new DokployError("unknown", `${at}${said}`, "check that DOKPLOY_URL is the address of a Dokploy server");
    case 409:
      return new DokployError("conflict", `${at}${said}`, "another object has this name; remove or rename it");
    case 400:
    case 413:
    case 415:
    case 422:
      return new DokployError("validation", `${at}${said}`, "Dokploy refused the request as it was sent");
    default: {
      const docker = ofDocker(call, body);
      if (docker) return docker;
      // Messages of a 500 may hold SQL or whole shell commands with the env in it: they are not repeated.
      return new DokployError(
        answer.status >= 500 ? "transient" : "unknown",
        at,
        "try again; when it stays so, look into Dokploy's own log for the reason",
        answer.status >= 500,
      );
    }
  }
}

/** What Docker says of a volume comes as a server's failure. Its words hold names and ids alone; whatever is around them is left out. */
function ofDocker({ procedure }: Call, { message }: ErrorBody): DokployError | undefined {
  if (!procedure.startsWith("dockerVolume.")) return undefined;
  const said = /(?:Error response from daemon: )?[^:\n]*: (?:no such volume|volume is in use)[^\n]*/i.exec(
    String(message),
  )?.[0];
  if (said === undefined) return undefined;
  return /no such volume/i.test(said)
    ? new DokployError("not-found", said, "it was deleted or never existed")
    : new DokployError("conflict", said, "remove the containers that have it first");
}

/** A page that no proxy sends for a server that is away. A 404 may be either: proxies forget routes of what does not run. */
function isOthersPage(answer: Answer): boolean {
  return isHtml(answer) && answer.status < 500 && ![404, 408, 429].includes(answer.status);
}

function whatAnswers(answer: Answer): string {
  if (isOthersPage(answer)) {
    return "something else than Dokploy answers there: set DOKPLOY_URL to Dokploy's own address; if a login stands before it, let requests below /api through";
  }
  if (answer.status === 404) {
    return "another server answers there, or a proxy whose Dokploy is away: check DOKPLOY_URL and that Dokploy is running";
  }
  return "Dokploy or the proxy before it is not ready; try again";
}

/** A redirect is not followed: the key goes to no other address than the one that was set. What it asks for may be private. */
function redirected({ procedure, server = "" }: Call, { location }: Answer, at: string): DokployError {
  const base = server === "" ? undefined : `${server}/api/${procedure}`;
  const there = location !== undefined && URL.canParse(location, base) ? new URL(location, base) : undefined;
  if (there === undefined) {
    return new DokployError("moved", `${at}: the server redirects`, "set DOKPLOY_URL to where it redirects to");
  }
  const end = `/api/${procedure}`;
  const known = there.pathname.endsWith(end);
  const target = there.origin + (known ? there.pathname.slice(0, -end.length) : "");
  const message = `${at}: the server redirects to ${target}`;
  if (known && target !== server) return new DokployError("moved", message, `set DOKPLOY_URL to ${target}`);
  const login = "if a login or another page answers there, let requests below /api through to Dokploy";
  const elsewhere = server === "" || there.origin !== new URL(server).origin;
  return new DokployError("moved", message, elsewhere ? `set DOKPLOY_URL to ${target}; ${login}` : login);
}

/** Translates a failure to get any answer. */
export function toConnectionError(call: Call, url: string, failure: NoAnswer): DokployError {
  // EAI_AGAIN is the resolver's own trouble; this is its answer that there is no such name.
  const nameless = failure.message === "ENOTFOUND";
  return new DokployError(
    "transient",
    `${call.method} ${call.procedure}: no answer from ${url} (${failure.message})`,
    nameless
      ? "there is no host of that name: check DOKPLOY_URL, and where it names a container, that it runs"
      : "check DOKPLOY_URL and that Dokploy is running",
    failure.sent,
    { cause: failure, elsewhere: nameless },
  );
}

function permission(at: string, said: string): DokployError {
  return new DokployError(
    "permission",
    `${at}${said}`,
    "the API key's user lacks the right; use a key of an owner or admin",
  );
}

function parseBody(text: string): ErrorBody {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return { message: text };
  }
}

/** Dokploy's own words, not yet shortened because not yet masked: the issues of a refused input by path, else the message. */
function words(body: ErrorBody): string {
  const issues = (body.issues ?? []).map((issue) => `${(issue.path ?? []).join(".")}: ${String(issue.message)}`);
  const message = issues.length > 0 ? issues.join("; ") : body.message;
  return typeof message === "string" && message !== "" ? `: ${wholeLine(firstLine(message), LONGEST)}` : "";
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
