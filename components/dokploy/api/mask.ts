import { createMask as createMaskOf, type Mask } from "../../../text/mask/mask.ts";
import { secretsOfProcess } from "../../../text/mask/process-secrets.ts";

export type { Mask };

/** Shorter values would hide every other word of a message; they are no secrets worth the name. */
const SHORTEST = 4;

/**
 * Makes a mask for env values and keys, and for what this process derived or read. `plain` are texts that are stored in clear anyway
 * (compose file, names): a value that occurs there, like a user name in a container's name, is no secret and stays readable.
 */
export function createMask(values: Iterable<string | undefined>, plain: string[] = []): Mask {
  const open = plain.join("\n");
  const known = [...values].filter((value) => value !== undefined);
  const options = { shortest: SHORTEST, mark: "***", isPlain: (value: string) => open.includes(value) };
  return createMaskOf(() => [...known, ...secretsOfProcess()], options);
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
