export type Props = Record<string, unknown>;

const SECRET = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

/** Without the wrapping in which the engine hands over secrets. */
export function plain(props: Props): Props {
  return Object.fromEntries(Object.entries(props).map(([key, value]) => [key, unwrap(value)]));
}

function unwrap(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(unwrap);
  const wrapped = value as Props;
  return wrapped[SECRET] === SECRET_SIGNATURE ? unwrap(wrapped.value) : plain(wrapped);
}

/** With these outputs as secrets. */
export function marked(outs: Props, secret: readonly string[]): Props {
  const wrap = (value: unknown) => ({ [SECRET]: SECRET_SIGNATURE, value });
  return Object.fromEntries(
    Object.entries(outs).map(([key, value]) => [key, secret.includes(key) ? wrap(value) : value]),
  );
}

/** Keys whose values differ, whatever the order of keys below them. */
export function differing(olds: Props, news: Props): string[] {
  return Object.keys(news).filter((key) => print(plain(olds)[key]) !== print(plain(news)[key]));
}

function print(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(print).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${key}:${print(one)}`).join()}}`;
}
