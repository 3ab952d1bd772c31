import { z } from "zod";

/**
 * How what was left is written down. It changes with the meaning of any digest in it: what was written in another format is not compared,
 * and whoever wanted to know asks the engine.
 */
export const LEFT_FORMAT = 1;

const name = z.string().max(500);
const digest = z.string().max(64);

const container = z.object({
  id: name,
  startedAt: name,
  restarts: z.number(),
  exitCode: z.number().optional(),
  /** When it was last seen to be this process, in milliseconds since the epoch; absent: Docker did not say since. */
  seenAt: z.number().optional(),
});

/** A service as an update left it: what identifies it, and a keyed digest of each part. No value of it is here. */
const leftService = z.object({
  type: z.literal("service"),
  service: name,
  composeId: name,
  appName: name,
  environmentId: name,
  organizationId: name,
  serverUrl: name,
  /** By the names that drift has: `name`, `owner`, `composeFile`, `env.<key>`, `domains.<route>`, `settings.<name>`, `deployment`, … */
  parts: z.record(name, digest),
  /** Parts that may differ, as `platform:drift` says: `env.X`, `settings.autoDeploy`, `domains`; where routes made by hand stay, also these. */
  ignore: z.array(name),
  /** Its lasting containers; absent where Docker did not tell of all. */
  containers: z.record(name, container).optional(),
  /** The checks that have to hold while it is watched, sealed (watch-checks.ts); absent where there is none. */
  checks: z.string().max(200_000).optional(),
});

/** The environment that the services are in. */
const leftEnvironment = z.object({
  type: z.literal("environment"),
  id: name,
  organizationId: name,
  serverUrl: name,
  parts: z.record(name, digest),
});

/** What a service reads from Vault: where, and which version. */
const leftSecret = z.object({
  type: z.literal("secret"),
  service: name,
  id: name,
  address: name,
  parts: z.record(name, digest),
});

/** One resource of a stack, as the last update that came to a good end left it. Written by the provider of the release itself. */
export const leftResource = z.discriminatedUnion("type", [leftService, leftEnvironment, leftSecret]);
export type LeftResource = z.infer<typeof leftResource>;
export type LeftService = z.infer<typeof leftService>;

/** All that an engine worker keeps in mind of an update, to know next time whether there is anything to do. */
export const leftBehind = z.object({
  format: z.number(),
  /** Keyed digest of configuration, keys, and versions of engine, Node and runner. */
  settings: digest,
  /** Which checkpoint it left, as its backend tells; null: that cannot be told, so only the engine knows. */
  state: name.nullable(),
  resources: z.array(leftResource).max(10_000),
  /** What the stack's file told the providers: in clear what is no secret, and which variables only it holds encrypted. */
  told: z.object({ values: z.record(z.string(), z.string().max(10_000)), sealed: z.array(name) }).optional(),
});
export type LeftBehind = z.infer<typeof leftBehind>;

export const provenContainers = z.record(
  z.string(),
  z.object({ id: z.string(), startedAt: z.string(), restarts: z.number(), at: z.number() }),
);
/** By name: which process a container surely was, and when (`at`, in milliseconds since the epoch). */
export type ProvenContainers = z.infer<typeof provenContainers>;

/** A container that is not as it was left. */
export interface ContainerNews {
  container: string;
  /** `restarted`: it runs, and was started again since · `replaced`: another one of the same name · the rest is not well. */
  is: "restarted" | "replaced" | "exited" | "unhealthy" | "restarting" | "paused" | "created" | "dead" | "gone";
  /** What tells one occurrence from the next: container id, start and count of restarts, as far as Docker told. */
  id?: string;
  startedAt?: string;
  restarts?: number;
  exitCode?: number;
}

/** What a look saw of one resource. */
export interface Looked {
  type: LeftResource["type"];
  /** Name of the service, or what names the environment or secret to people. */
  name: string;
  /** `left`: equal in every part, its containers the same processes, and well. `unknown`: could not be told, which is no finding. */
  is: "left" | "other" | "gone" | "unknown";
  /** Parts that differ, by name. */
  differs: string[];
  containers: ContainerNews[];
  /** A container has not said yet whether it is healthy: nothing is judged before it does. */
  starting: boolean;
  /** Why it could not be told: a code and a masked message. */
  why?: string;
}

/** What a look saw of a stack. */
export interface Look {
  /** When it began and how long it took, in milliseconds. */
  at: number;
  took: number;
  resources: Looked[];
  /** Until when each container, by name, is known to be the process that was left, in milliseconds since the epoch: for the next look. */
  proven: Record<string, number>;
}

/**
 * Whether a look saw all of a stack as it was left, the one thing that it may say of it: the same resources, and nothing of which it could
 * not tell. Pure.
 */
export function isAsLeft(look: Pick<Look, "resources">, left: readonly LeftResource[]): boolean {
  const types = (all: readonly { type: string }[]) => all.map(({ type }) => type).sort();
  return (
    left.length > 0 &&
    types(look.resources).join() === types(left).join() &&
    look.resources.every(
      ({ is, differs, containers, starting }) =>
        is === "left" && !starting && differs.length === 0 && containers.length === 0,
    )
  );
}

/** What the checks of a release say while it is watched; `unknown`: they could not be asked, or tell neither. */
export interface ChecksAnswer {
  say: "hold" | "failed" | "unknown";
  /** Of what does not hold. */
  why?: string;
}
