/** What the replay knows of this run: recorded id → the id that this server gave instead. */
export type Known = Map<string, string>;

export interface Difference {
  /** Dot-path inside the answer; `status` for the status itself. */
  at: string;
  recorded: unknown;
  actual: unknown;
}

const IDENTITY =
  /(^id|Id|^appName|^refreshToken|^logPath|^key|^start|^host|^name|^containerId|^Image|^ResolvConfPath|^href|^token)$/;
const TIME = /(At|^timestamp|^processedOn|^Created)$/;

/** Compares an answer with the record: same keys, same types, same values; ids are learned, times are only looked at. */
export function compare(recorded: unknown, actual: unknown, known: Known, whole = true, at = ""): Difference[] {
  if (Array.isArray(recorded)) {
    if (!Array.isArray(actual) || recorded.length !== actual.length) return [{ at, recorded, actual }];
    // The deployments of `compose.one` come in no order.
    const [left, right] = at === "deployments" ? [byTitle(recorded), byTitle(actual)] : [recorded, actual];
    return left.flatMap((item, i) => compare(item, right[i], known, whole, join(at, String(i))));
  }
  if (isObject(recorded)) {
    if (!isObject(actual)) return [{ at, recorded, actual }];
    const missing = Object.keys(recorded).filter((key) => !(key in actual));
    const extra = whole ? Object.keys(actual).filter((key) => !(key in recorded)) : [];
    return [
      ...missing.map((key) => ({ at: join(at, key), recorded: recorded[key], actual: undefined })),
      ...extra.map((key) => ({ at: join(at, key), recorded: undefined, actual: actual[key] })),
      ...Object.keys(recorded)
        .filter((key) => key in actual)
        .flatMap((key) => compare(recorded[key], actual[key], known, whole, join(at, key))),
    ];
  }
  return sameValue(recorded, actual, at.split(".").at(-1) ?? "", known) ? [] : [{ at, recorded, actual }];
}

function sameValue(recorded: unknown, actual: unknown, key: string, known: Known): boolean {
  if (recorded === actual) return true;
  if (typeof recorded !== typeof actual || recorded === null || actual === null) return false;
  if (TIME.test(key)) return new Date(recorded as string).getTime() > 0 && new Date(actual as string).getTime() > 0;
  if (typeof recorded !== "string" || typeof actual !== "string") return false;
  if (withoutVersion(translate(recorded, known)) === withoutVersion(actual)) return true;
  if (!IDENTITY.test(key) || known.has(recorded)) return false;
  if (!sameForm(recorded, actual, key)) return false;
  known.set(recorded, actual);
  return true;
}

/** The walk ran Compose 2.26, which quotes the names of volumes in its output; later ones do not. */
function withoutVersion(text: string): string {
  return text.replace(/^ Volume "(.*?)"/gm, " Volume $1");
}

/** An id looks like the id that was recorded: the same prefix of an app name, or the same length. */
function sameForm(recorded: string, actual: string, key: string): boolean {
  if (key === "logPath") return actual.startsWith("/etc/dokploy/logs/");
  if (key === "name") return false;
  const suffixed = /^(.*-)[a-z0-9]{6}$/;
  if (key === "appName" && !recorded.startsWith("compose-")) {
    return suffixed.exec(actual)?.[1] === suffixed.exec(recorded)?.[1];
  }
  return key === "appName" || /^<.*/.test(recorded) || actual.length === recorded.length;
}

/** The recorded text with this run's ids in it. */
export function translate(text: string, known: Known): string {
  const exact = known.get(text);
  if (exact !== undefined) return exact;
  let result = text;
  for (const [recorded, actual] of known) result = result.replaceAll(recorded, actual);
  return result;
}

function byTitle(rows: unknown[]): unknown[] {
  const title = (row: unknown) => (isObject(row) ? String(row.title) : "");
  return rows.toSorted((a, b) => title(a).localeCompare(title(b)));
}

function join(at: string, key: string): string {
  return at === "" ? key : `${at}.${key}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
