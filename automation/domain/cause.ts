import type { Cause, CauseCode } from "./run.ts";

/** What to do about a failure that says nothing about it itself. */
const HINTS: Record<CauseCode, string> = {
  dokploy_auth: "set DOKPLOY_API_KEY to a valid key of an owner or admin",
  dokploy_unreachable: "check DOKPLOY_URL and that Dokploy is running, then deploy again",
  dokploy_elsewhere: "set DOKPLOY_URL to the address of Dokploy: something else answers there, or nobody",
  docker_unreachable: "start Docker on Dokploy's server, then deploy again",
  deployment_failed: "fix what the log shows and deploy again",
  unhealthy: "see the container's log, fix the service and deploy again",
  check_failed: "see why the service does not answer, then deploy again",
  vault_denied: "check the runner's rights in Vault",
  vault_unreachable: "check VAULT_ADDR and that Vault is unsealed, then deploy again",
  program_error: "fix the program at the place the message names and make a new release",
  config_invalid: "fix the configuration at the place the message names and make a new release",
  stack_locked: "wait for the other update; if its process is dead, `pulumi cancel` removes the lock",
  timeout: "look into Dokploy for a deployment that hangs, or raise RUN_TIMEOUT, then deploy again",
  canceled: "deploy again when you want it",
};

/** What the program tells apart and a run does not: its message and hint say the rest. */
const FINER: Record<string, CauseCode> = { vault_sealed: "vault_unreachable", vault_missing: "config_invalid" };

/**
 * `code: message (hint)`, as the provider writes it. The engine may say before it where that happened: `Preview failed: `,
 * `… resource 'redis' has a problem: ` (its texts: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/diag/errors.go).
 */
const CODES = [...Object.keys(HINTS), ...Object.keys(FINER)].join("|");
const TOLD = new RegExp(`^(?:.*(?: has a problem|[Ff]ailed): )?(${CODES}): (.*)$`);

/** Texts of the engine that have a cause of their own. The first that fits counts. */
const PATTERNS: [RegExp, CauseCode, string?][] = [
  [
    /incorrect passphrase|passphrase must be set|PULUMI_CONFIG_PASSPHRASE/i,
    "config_invalid",
    "set PULUMI_CONFIG_PASSPHRASE to the passphrase this stack's state was written with",
  ],
  [/the stack is currently locked|\[409\] Conflict: Another update/, "stack_locked"],
  [/\d+ problems? in stack /, "config_invalid"],
  [/Missing required configuration|Configuration '.*' value/, "config_invalid"],
  [/vault.*(permission denied|403)/is, "vault_denied"],
  [/vault.*(ECONNREFUSED|ETIMEDOUT|ENOTFOUND|sealed|50[0-9])/is, "vault_unreachable"],
];

/** How many lines of a log are kept, and how much of a message, in characters. */
const TAIL = 20;
const LONGEST = 500;

/** A cause with the hint that belongs to its code. */
export function causeOf(code: CauseCode, message: string, hint?: string, logTail?: string[]): Cause {
  return { code, message, hint: hint ?? HINTS[code], ...(logTail && logTail.length > 0 ? { logTail } : {}) };
}

/**
 * The cause that a text of the engine or the program tells. The provider writes `code: message (hint)` and then the end
 * of the log; anything else is recognised by its words, and what is not is `program_error`.
 */
export function parseCause(text: string): Cause {
  const lines = text.split("\n").map((line) => line.replace(/^[\s*]*(error:\s*)?/, "").trimEnd());
  for (const [index, line] of lines.entries()) {
    const [, code, told = ""] = TOLD.exec(line) ?? [];
    if (code === undefined) continue;
    const { message, hint } = splitHint(told);
    return causeOf(FINER[code] ?? (code as CauseCode), message, hint, tail(lines.slice(index + 1)));
  }
  const said = lines.filter((line) => line && !/^\d+ errors? occurred:$/.test(line));
  const [, code = "program_error", hint] = PATTERNS.find(([pattern]) => pattern.test(text)) ?? [];
  const [first = "the engine failed without a word", ...rest] = said;
  return causeOf(code, first.slice(0, LONGEST), hint, rest.slice(0, TAIL));
}

/** The end of a log shows what happened last. */
function tail(lines: string[]): string[] {
  return lines.filter(Boolean).slice(-TAIL);
}

/** Takes the parenthesis off the end of a line, also when it holds parentheses itself. */
function splitHint(text: string): { message: string; hint?: string } {
  if (!text.endsWith(")")) return { message: text };
  let depth = 0;
  for (let at = text.length - 1; at > 0; at -= 1) {
    if (text[at] === ")") depth += 1;
    if (text[at] === "(") depth -= 1;
    if (depth === 0) return { message: text.slice(0, at).trimEnd(), hint: text.slice(at + 1, -1) };
  }
  return { message: text };
}
