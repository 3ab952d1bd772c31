/** Why a value cannot travel through Dokploy's env text unchanged. */
export type EnvRefusal = { key: string; reason: string };

const KEY = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** Whether a word can name a variable in Dokploy's env. */
export function isVariable(name: string): boolean {
  return KEY.test(name);
}

/** Names that Dokploy writes into `.env` itself; a declared one would be overwritten or duplicated. */
const RESERVED = new Set(["APP_NAME", "COMPOSE_PROJECT_NAME", "DOCKER_CONFIG"]);

/**
 * Encodes one value for Dokploy's env text, so that dotenv 16.4.5 reads it back byte for byte.
 * Throws with the reason (never the value) for what no quoting can carry: `${{`, a carriage return, NUL,
 * a lone surrogate, and values that mix all three quotes or end in a backslash beside other trouble.
 */
export function encodeEnvValue(value: string): string {
  if (value.includes("${{"))
    throw new Error("contains ${{, which Dokploy would interpolate; there is no escape for it");
  if (value.includes("\r")) throw new Error("contains a carriage return, which dotenv turns into a newline");
  if (value.includes("\0")) throw new Error("contains a NUL character");
  if (!value.isWellFormed()) throw new Error("is not well-formed Unicode");
  const plain = value !== "" && value === value.trim() && !/[#\n\u2028\u2029]/.test(value) && !/^['"`]/.test(value);
  if (plain) return value;
  // A backslash before the closing quote would swallow it.
  const closable = !value.endsWith("\\");
  for (const quote of ["'", "`"]) if (closable && !value.includes(quote)) return quote + value + quote;
  if (closable && !value.includes('"') && !/\\[nr]/.test(value)) return `"${value}"`;
  throw new Error("mixes quotes, newlines or a final backslash in a way that no dotenv quoting can carry");
}

/** Why a value cannot be carried at all; undefined when it can. */
export function envProblem(value: string): string | undefined {
  try {
    encodeEnvValue(value);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Before v0.30.0 Dokploy writes the parsed value back without quotes and Compose reads it once more. */
function survivesUnquoted(value: string): boolean {
  return !/[$#'"`\\\n\u2028\u2029]/.test(value) && value === value.trim();
}

/**
 * Which entries cannot be carried, with the reason for each.
 * `escapes` says whether the server writes values escaped (Dokploy 0.30.0 and newer).
 */
export function refusedEnv(env: Record<string, string>, escapes: boolean): EnvRefusal[] {
  const refused: EnvRefusal[] = [];
  for (const [key, value] of Object.entries(env)) {
    const reason = refusal(key, value, escapes);
    if (reason !== undefined) refused.push({ key, reason });
  }
  return refused;
}

function refusal(key: string, value: string, escapes: boolean): string | undefined {
  if (!isVariable(key)) return "is not a variable name ([A-Za-z_][A-Za-z0-9_.-]*)";
  if (RESERVED.has(key)) return "is a name that Dokploy sets itself";
  const problem = envProblem(value);
  if (problem !== undefined) return problem;
  if (!escapes && !survivesUnquoted(value)) {
    return "needs escaping, which Dokploy does since v0.30.0 only: update Dokploy or choose another value";
  }
  return undefined;
}

/**
 * The env text for Dokploy: one `KEY=value` per entry, sorted by key, so that equal maps give equal bytes. A value that we cannot write
 * stays as it is in `written`: a person may write a reference that Dokploy fills in. Throws where such a one would run into its neighbours.
 */
export function encodeEnv(env: Record<string, string>, written: ReadonlyMap<string, WrittenValue> = new Map()): string {
  const keys = Object.keys(env).sort();
  const own = keys.filter((key) => written.has(key) && envProblem(env[key] ?? "") !== undefined);
  const write = (key: string) => (own.includes(key) ? (written.get(key)?.text ?? "") : encodeEnvValue(env[key] ?? ""));
  const text = keys.map((key) => `${key}=${write(key)}\n`).join("");
  if (own.length === 0) return text;
  const read = decodeEnv(text);
  if (Object.keys(read).length === keys.length && keys.every((key) => read[key] === env[key])) return text;
  throw new Error(`${own.join(", ")} is written with quotes that do not end on its line`);
}

/** A value in an env text, and how it is written there. */
export interface WrittenValue {
  value: string;
  text: string;
}

const LINE =
  /(?:^|^)\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?(?:$|$)/gm;

/** Reads an env text as Dokploy does (dotenv 16.4.5, the same expression); null and "" are no variables. */
export function decodeEnv(text: string | null | undefined): Record<string, string> {
  // A plain object, as dotenv's: of a variable `__proto__` it keeps nothing.
  const env: Record<string, string> = {};
  for (const [key, { value }] of assignmentsIn(text)) env[key] = value;
  return env;
}

/** The same with how each value is written; of several for one variable the last counts. */
export function assignmentsIn(text: string | null | undefined): ReadonlyMap<string, WrittenValue> {
  const found = new Map<string, WrittenValue>();
  for (const [, key = "", raw = ""] of (text ?? "").replace(/\r\n?/g, "\n").matchAll(LINE)) {
    const trimmed = raw.trim();
    const value = trimmed.replace(/^(['"`])([\s\S]*)\1$/gm, "$2");
    const read = trimmed.startsWith('"') ? value.replace(/\\n/g, "\n").replace(/\\r/g, "\r") : value;
    found.set(key, { value: read, text: trimmed });
  }
  return found;
}
