import { createHash } from "node:crypto";
import { changedSecrets } from "../../automation/engine/changed-secrets.ts";
import { isSecret } from "./run/state.ts";
import { secretVariables as variablesOf } from "./secret/secrets.ts";

/** Inputs of a service's Compose project, as the engine tells them. */
export type Inputs = Record<string, unknown>;

/** One input of a service, and what became of it since the last update. */
export interface InputRow {
  /** `composeFile`, `env.REDIS_MEMORY`, … */
  name: string;
  /** Twelve hex digits; a secret has none. */
  digest: string;
  state: "equal" | "changed here" | "may have changed here" | "changed by hand" | "new";
  /** Short plain values where they tell more than a digest. */
  from?: string;
  to?: string;
}

/** Values longer than this are told by their digest alone. */
const SHORT = 60;

/**
 * What makes a service, input by input: at the last update (`before`), on Dokploy (`live`) and in this checkout (`now`).
 * A value that a hand changed is told as such, whatever the checkout says. Of a secret the engine hands out no value: `drift` names
 * what a hand changed, and the fingerprints in both texts tell what this checkout changed.
 */
export function assessInputs(inputs: {
  before?: Inputs;
  live?: Inputs;
  now?: Inputs;
  /** Keys that the refresh found changed by hand. */
  drift?: readonly string[];
}): InputRow[] {
  const secrets = secretVariables(inputs.before, inputs.now);
  const [before, live, now] = [inputs.before, inputs.live, inputs.now].map((each) => each && flatten(each));
  const names = [...new Set([before, live, now].flatMap((each) => [...(each?.keys() ?? [])]))].sort();
  return names.map((name) => {
    const [was, is, will] = [before?.get(name), live?.get(name), now?.get(name)];
    const byHand = (live && is !== was) || (was === SECRET && inputs.drift?.includes(name));
    const here = now && (will !== was ? "changed here" : will === SECRET ? secrets.get(name) : undefined);
    const state = !before ? "new" : byHand ? "changed by hand" : (here ?? "equal");
    const other = state === "changed by hand" ? is : will;
    const digest = digestOf(will ?? was ?? is ?? "");
    // Two secrets look alike whatever they are.
    const alike = state === "equal" || state === "new" || was === other;
    if (alike) return { name, digest, state };
    return { name, digest, state, ...shown("from", was), ...shown("to", other) };
  });
}

/** Variable of a secret that has another value, or may have → which of both. */
function secretVariables(before: Inputs = {}, now: Inputs = {}): Map<string, "changed here" | "may have changed here"> {
  const { certain, oneOf } = changedSecrets(before.composeFile, now.composeFile);
  const variables = new Map(variablesOf(String(now.composeFile ?? "")));
  const state = (names: string[], value: "changed here" | "may have changed here") =>
    names.map((name) => [`env.${variables.get(name)}`, value] as const);
  return new Map([...state(oneOf.flat(), "may have changed here"), ...state(certain, "changed here")]);
}

/** One digest over all inputs: equal for equal inputs, whatever their order. */
export function totalDigest(inputs: Inputs): string {
  const entries = [...flatten(inputs)].sort(([a], [b]) => (a < b ? -1 : 1));
  return hash(JSON.stringify(entries));
}

const SECRET = "[secret]";

/** Every input as text by its dotted name; the program's own bookkeeping is left out. */
function flatten(inputs: Inputs): Map<string, string> {
  const { __provider, env, ...rest } = inputs;
  const variables = Object.entries((env ?? {}) as Inputs).map(([name, value]) => [`env.${name}`, value] as const);
  return new Map([...Object.entries(rest), ...variables].map(([name, value]) => [name, toText(value)]));
}

function toText(value: unknown): string {
  if (isSecret(value)) return SECRET;
  return typeof value === "string" ? value : JSON.stringify(sortKeys(value));
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}

function digestOf(text: string): string {
  return text === SECRET ? SECRET : hash(text);
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function shown(side: "from" | "to", text: string | undefined): Partial<InputRow> {
  return text === undefined || text.length > SHORT || text.includes("\n") ? {} : { [side]: text };
}
