/** Replaces what must not be seen. */
export type Mask = (text: string) => string;

/** Shorter values would hide every other word of a message; they are no secrets worth the name. */
const SHORTEST = 4;

/**
 * Makes a mask for env values and keys. `plain` are texts that are stored in clear anyway (compose file, names): a value that
 * occurs there, like a user name in a container's name, is no secret and stays readable.
 */
export function createMask(values: Iterable<string | undefined>, plain: string[] = []): Mask {
  const open = plain.join("\n");
  const hidden = new Set<string>();
  for (const value of values) {
    if (value === undefined) continue;
    for (const part of [value, ...value.split(/\r?\n/)]) {
      const text = part.trim();
      if (text.length < SHORTEST || open.includes(text)) continue;
      for (const form of forms(text)) hidden.add(form);
    }
  }
  // Longest first, or a value inside another one would leave the rest of it readable.
  const sorted = [...hidden].sort((a, b) => b.length - a.length);
  return (text) => sorted.reduce((masked, secret) => masked.replaceAll(secret, "***"), text);
}

/** As much of inputs or outputs as a mask looks at; in a preview some of it may not be known. */
export interface Described {
  env?: unknown;
  composeFile?: unknown;
  name?: unknown;
  service?: unknown;
  domains?: unknown;
}

/** Hides the keys, and the env values of all that is described; what stands in compose file, names and routes stays readable. */
export function maskFor(keys: string[], ...described: (Described | undefined)[]): Mask {
  const known = described.filter((one) => one !== undefined);
  const values = known.flatMap(({ env }) =>
    typeof env === "object" && env !== null ? Object.values(env).map(String) : [],
  );
  const plain = known.flatMap(({ composeFile, name, service, domains }) => [
    composeFile,
    name,
    service,
    JSON.stringify(domains),
  ]);
  return createMask([...values, ...keys], plain.map(String));
}

/** The ways in which logs and error texts write a value. */
function forms(text: string): string[] {
  const quoted = JSON.stringify(text).slice(1, -1);
  const base64 = Buffer.from(text).toString("base64").replace(/=+$/, "");
  return [text, quoted, text.replaceAll("$", "$$$$"), encodeURIComponent(text.toWellFormed()), base64];
}
