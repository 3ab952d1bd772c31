/** The expression of dotenv 16.4.5, https://github.com/motdotla/dotenv/blob/v16.4.5/lib/main.js. */
const LINE =
  /(?:^|^)\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?(?:$|$)/gm;

/**
 * Reads the env text of a service as Dokploy does, with dotenv 16.4.5; Node's own reader takes quotes, colons and escapes otherwise,
 * and passwords to keep come from here. The program reads it the same way (components/dokploy/api/env.ts), and a checkout's program is
 * never imported here: a test holds both to dotenv itself.
 */
export function readEnv(text: string | null): Record<string, string> {
  // A plain object, as dotenv's: of a variable `__proto__` it keeps nothing.
  const env: Record<string, string> = {};
  for (const [, key = "", raw = ""] of (text ?? "").replace(/\r\n?/g, "\n").matchAll(LINE)) {
    const trimmed = raw.trim();
    const value = trimmed.replace(/^(['"`])([\s\S]*)\1$/gm, "$2");
    env[key] = trimmed.startsWith('"') ? value.replace(/\\n/g, "\n").replace(/\\r/g, "\r") : value;
  }
  return env;
}
