import { z } from "zod";

/** How often a fault strikes: a number of times (default 1), or for as long as it is there. */
const times = z.union([z.number().int().min(1), z.literal("always")]).default(1);

/** `compose.update`, `compose.*`, or left out for all. */
const procedure = z.string().default("*");

/** A service by its id, its name or its app name. */
const service = z.string().min(1);

const request = { procedure, times };
const deployment = { service, times };

export const faultSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("latency"), ms: z.number().min(0), ...request }),
  z.strictObject({ kind: z.literal("error"), status: z.number().int().min(500).max(599).default(500), ...request }),
  z.strictObject({ kind: z.literal("html"), status: z.number().int().min(400).max(599).default(502), ...request }),
  z.strictObject({ kind: z.literal("unauthorized"), check: z.enum(["first", "second"]).optional(), ...request }),
  z.strictObject({ kind: z.literal("drop-before"), ...request }),
  z.strictObject({ kind: z.literal("drop-after"), ...request }),
  z.strictObject({ kind: z.literal("lose-job"), ...deployment }),
  z.strictObject({ kind: z.literal("stuck"), log: z.array(z.string()).default([]), ...deployment }),
  z.strictObject({ kind: z.literal("slow-deploy"), ms: z.number().min(0), ...deployment }),
  z.strictObject({
    kind: z.literal("fail-deploy"),
    log: z.array(z.string()).default(["simulated failure"]),
    ...deployment,
  }),
  z.strictObject({
    kind: z.literal("containers"),
    outcome: z.enum(["fail", "unhealthy", "starting", "restarting", "hang", "exit"]),
    log: z.array(z.string()).optional(),
    exitCode: z.number().int().min(0).max(255).optional(),
    afterMs: z.number().min(0).optional(),
    passesAtTimeout: z.boolean().optional(),
    now: z.boolean().default(false),
    ...deployment,
  }),
]);

/**
 * Something that goes wrong on demand.
 *
 * Requests: `latency` (ms before the work), `error` (5xx as JSON), `html` (a proxy's page), `unauthorized` (as a
 * rate-limited key; with `check: second` as one whose limit falls between Dokploy's two checks), `drop-before` and `drop-after` (the connection breaks before or after the write took effect).
 * Deployments: `lose-job` (accepted, then gone as in a restart), `stuck` (stays `running` until killed twice or the server
 * restarts), `slow-deploy` (waits for ms, or until faults are cleared), `fail-deploy` (compose fails with these lines).
 * `containers`: handed to the simulated containers, see ScriptedFailure; with `now` also for what runs already.
 */
export type Fault = z.output<typeof faultSchema>;
export type FaultInput = z.input<typeof faultSchema>;
export type RequestFault = Extract<Fault, { procedure: string }>;
export type DeploymentFault = Extract<Fault, { service: string }>;
