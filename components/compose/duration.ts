const UNITS: Record<string, number> = {
  w: 604_800,
  d: 86_400,
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ns: 1e-9,
};

/** Seconds of a Compose duration (`5s`, `1m30s`, `1d`, `.5s`, `-1s`, `0`); undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const [, sign, rest = ""] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  if (rest === "0") return 0;
  const parts = [...rest.matchAll(/(\d+(?:\.\d*)?|\.\d+)([^\d.]+)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== rest) return undefined;
  let seconds = 0;
  for (const [, count, unit = ""] of parts) {
    if (!Object.hasOwn(UNITS, unit)) return undefined;
    seconds += Number(count) * (UNITS[unit] ?? 0);
  }
  return sign === "-" ? -seconds : seconds;
}
