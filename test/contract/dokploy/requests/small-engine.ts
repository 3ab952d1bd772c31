import { createCompose, deleteCompose, readCompose, updateCompose } from "../../../../components/dokploy/compose.ts";
import type { Context } from "../../../../components/dokploy/context.ts";
import {
  createEnvironment,
  deleteEnvironment,
  environmentChanges,
  readEnvironment,
  updateEnvironment,
} from "../../../../components/dokploy/environment.ts";
import { reasonOf } from "../../../../components/dokploy/failure.ts";
import { changedKeys, same } from "../../../../components/dokploy/rules/diff.ts";
import {
  type ComposeInputs,
  type RawComposeInputs,
  withDefaults,
} from "../../../../components/dokploy/rules/inputs.ts";
import type { ComposeOutputs, EnvironmentOutputs } from "../../../../components/dokploy/rules/outputs.ts";
import { ServiceError } from "../../../../components/dokploy/rules/service-error.ts";
import { mistakesIn } from "../../../../components/dokploy/rules/validate.ts";

/** A service as a program says it. */
export type SaidService = Omit<RawComposeInputs, "environmentId" | "owner" | "service"> & {
  name: string;
  composeFile: string;
  service?: string;
  retain?: boolean;
};

export interface Said {
  project?: string;
  name?: string;
  owner?: ComposeInputs["owner"];
  services: SaidService[];
}

interface Stored<O> {
  id: string;
  inputs: object;
  outputs: O & { __provider?: unknown };
  retain: boolean;
  /** An update is due although nothing differs; any refresh forgets it. */
  failed: boolean;
}

/** What came of one operation: service (or `environment`) → how it went. */
export type Result = Record<
  string,
  { op: "create" | "update" | "same" | "delete" | "retain" | "fail"; reason?: string }
>;

/** A session was killed: whatever it had not stored yet is lost, and it answers nothing. */
export class Killed extends Error {}

/**
 * As little of the engine as decides what the provider is called with and what is kept of its answers (engine facts E1–E3, E5),
 * in this process, so that hundreds of runs take seconds. The real engine is used in test/engine/provider.
 */
export function createSmallEngine(owner: ComposeInputs["owner"]) {
  let environment: Stored<EnvironmentOutputs> | undefined;
  const services = new Map<string, Stored<ComposeOutputs>>();

  /** Throws, with the state as it was, when one read throws. */
  /** What differs from the state, by service and key. */
  async function refresh(context: Context, { preview = false } = {}): Promise<string[]> {
    const before = JSON.stringify([environment, [...services]]);
    const seen =
      environment &&
      ((await readEnvironment(context, environment.id, environment.outputs)) as Answer<EnvironmentOutputs>);
    const found = await Promise.all(
      [...services].map(
        async ([name, stored]) =>
          [name, (await readCompose(context, stored.id, json(stored.outputs))) as Answer<ComposeOutputs>] as const,
      ),
    );
    const changed: string[] = [];
    const after = new Map<string, Stored<ComposeOutputs> | undefined>();
    for (const [name, answer] of found) {
      const stored = services.get(name);
      if (!stored) continue;
      const next = answer.id === undefined ? undefined : merged(stored, answer);
      changed.push(
        ...(next ? changesBetween(stored.outputs, next.outputs).map((key) => `${name}.${key}`) : [`${name} is gone`]),
      );
      after.set(name, next);
    }
    if (JSON.stringify([environment, [...services]]) !== before) throw new Error("the state changed during a refresh");
    if (preview) return changed;
    if (environment && seen) environment = seen.id === undefined ? undefined : merged(environment, seen);
    for (const [name, next] of after) {
      if (next) services.set(name, next);
      else services.delete(name);
    }
    return changed;
  }

  async function up(context: Context, said: Said, options: { refresh?: boolean } = {}): Promise<Result> {
    if (options.refresh ?? true) await refresh(context);
    const result: Result = {};
    const wanted = { project: said.project ?? "platform", name: said.name ?? "staging", owner: said.owner ?? owner };
    if (environment === undefined) {
      const { id, outs } = await createEnvironment(context, wanted);
      environment = { id, inputs: wanted, outputs: json(outs), retain: false, failed: false };
    } else if (environmentChanges(environment.outputs, wanted)) {
      const { outs } = await updateEnvironment(context, environment.id, environment.outputs, wanted);
      environment = { ...environment, inputs: wanted, outputs: json(outs) };
    }
    const environmentId = environment.id;
    const steps = await Promise.allSettled(
      said.services.map(async ({ retain = false, ...service }) => {
        const inputs = checked({ service: service.name, ...service, environmentId, owner: wanted.owner });
        result[service.name] = await step(context, service.name, inputs, retain);
      }),
    );
    for (const one of steps) if (one.status === "rejected") throw one.reason;
    for (const [name, stored] of [...services]) {
      if (said.services.some((service) => service.name === name)) continue;
      if (!stored.retain) await deleteCompose(context, stored.id, stored.outputs);
      services.delete(name);
      result[name] = { op: stored.retain ? "retain" : "delete" };
    }
    return result;
  }

  async function step(context: Context, name: string, inputs: ComposeInputs, retain: boolean): Promise<Result[string]> {
    const provided = { ...inputs, __provider: "the shim" };
    const stored = services.get(name);
    const keep = (id: string, outputs: object, failed: boolean) =>
      services.set(name, { id, inputs, outputs: json(outputs) as ComposeOutputs, retain, failed });
    try {
      if (stored === undefined) {
        const { id, outs } = await createCompose(context, provided);
        keep(id, { ...outs, __provider: "the shim" }, false);
        return { op: "create" };
      }
      stored.retain = retain;
      if (!stored.failed && changedKeys(json(stored.outputs), inputs).length === 0) return { op: "same" };
      const { outs } = await updateCompose(context, stored.id, json(stored.outputs), provided);
      keep(stored.id, { ...outs, __provider: "the shim" }, false);
      return { op: "update" };
    } catch (error) {
      if (isKilled(error)) throw error;
      const { id, properties, reasons } = error as {
        id?: string;
        properties?: ComposeOutputs & { __provider?: unknown };
        reasons?: string[];
      };
      // What `diff` throws is put into words by the provider's outermost layer, which is not here.
      const reason = error instanceof ServiceError ? reasonOf(error, (text) => text) : (error as Error).message;
      if (id === undefined) return { op: "fail", reason };
      if (properties?.__provider !== "the shim")
        throw new Error("the failure lost __provider: the resource could never be refreshed");
      keep(id, properties, true);
      return { op: "fail", reason: (reasons ?? []).join("|") };
    }
  }

  async function destroy(context: Context): Promise<void> {
    for (const [name, stored] of [...services]) {
      if (!stored.retain) await deleteCompose(context, stored.id, stored.outputs);
      services.delete(name);
    }
    if (environment) await deleteEnvironment(context, environment.id, environment.outputs);
    environment = undefined;
  }

  return {
    up: (...args: Parameters<typeof up>) => spoken(up(...args)),
    refresh: (...args: Parameters<typeof refresh>) => spoken(refresh(...args)),
    destroy: (...args: Parameters<typeof destroy>) => spoken(destroy(...args)),
    /** The state was lost. */
    forget() {
      environment = undefined;
      services.clear();
    },
    outputs: (name: string): ComposeOutputs => {
      const stored = services.get(name);
      if (!stored) throw new Error(`${name} is not in the state`);
      return stored.outputs;
    },
    has: (name: string) => services.has(name),
    environment: () => environment?.outputs,
    /** The state as a backend keeps it, and back to it. */
    save: () => structuredClone({ environment, services }),
    load(saved: { environment: typeof environment; services: typeof services }) {
      ({ environment } = structuredClone(saved));
      services.clear();
      for (const [name, stored] of structuredClone(saved.services)) services.set(name, stored);
    },
    snapshot: () => JSON.stringify([environment, [...services]]),
  };
}

export type SmallEngine = ReturnType<typeof createSmallEngine>;

interface Answer<O> {
  id?: string;
  props: O;
  inputs: object;
}

function merged<O>(stored: Stored<O>, answer: Answer<O>): Stored<O> {
  const provider = { __provider: stored.outputs.__provider };
  return { ...stored, inputs: json(answer.inputs), outputs: { ...json(answer.props), ...provider }, failed: false };
}

function checked(raw: RawComposeInputs): ComposeInputs {
  const inputs = withDefaults(raw);
  const mistakes = mistakesIn(inputs, true);
  if (mistakes.length > 0) throw new Error(mistakes.join("\n"));
  return json(inputs) as ComposeInputs;
}

/** Failures in the words that people get. */
async function spoken<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isKilled(error)) throw error;
    throw new Error(reasonOf(error, (text) => text));
  }
}

function isKilled(error: unknown): boolean {
  return error instanceof Killed || reasonOf(error, (text) => text).includes("killed");
}

function changesBetween(before: object, after: object): string[] {
  const [a, b] = [before, after] as Record<string, unknown>[];
  return Object.keys({ ...a, ...b }).filter((key) => !same(a?.[key], b?.[key]));
}

/** State goes through JSON. */
function json<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
