import type { EngineEvent, StepEventMetadata, StepEventStateMetadata } from "@pulumi/pulumi/automation/index.js";
import { z } from "zod";
import type { StepRecord, TimedRecord, Told } from "../domain/engine-record.ts";
import { findRestarts } from "../domain/restarts.ts";
import type { WayIn } from "../domain/way-in.ts";
import { type ChangedSecrets, changedSecrets } from "./changed-secrets.ts";

const SEVERITIES = { info: "info", "info#err": "info", warning: "warning", error: "error" } as const;

/**
 * Longest message handed on, in characters. Far more than is kept: a cut goes through secrets, and only who receives this
 * can mask them.
 */
const MESSAGE_LIMIT = 64_000;

/**
 * Cuts an engine event down to what may be kept, or to nothing. An allow-list: diagnostics of severity `debug` carry
 * secrets in clear, and so do the inputs and outputs of every step.
 */
export function redactEvent(event: EngineEvent): TimedRecord["event"] | undefined {
  if (event.resourcePreEvent) return toResource("started", event.resourcePreEvent.metadata);
  if (event.resOutputsEvent) return toResource("done", event.resOutputsEvent.metadata);
  if (event.resOpFailedEvent) return toResource("failed", event.resOpFailedEvent.metadata);
  if (event.diagnosticEvent) {
    const { urn, message, severity, prefix } = event.diagnosticEvent;
    const known = (SEVERITIES as Record<string, "info" | "warning" | "error" | undefined>)[severity];
    if (!known || event.diagnosticEvent.ephemeral) return undefined;
    const text = toPlainText(`${prefix ?? ""}${message}`);
    return text ? { type: "diagnostic", severity: known, urn: urn || null, message: text } : undefined;
  }
  if (event.summaryEvent) {
    return { type: "summary", result: (event.summaryEvent as { result?: string }).result ?? "" };
  }
  return undefined;
}

function toResource(phase: StepRecord["phase"], step: StepEventMetadata): StepRecord {
  // The engine calls it a deletion too when a resource only leaves the state and stays where it is.
  const op = step.op === "delete" && step.old?.retainOnDelete ? "retain" : step.op;
  const told = readTold(phase, step);
  const wayIn = phase === "done" ? readWayIn(step) : undefined;
  const keys = changedKeys(step);
  return { type: "resource", phase, op, urn: step.urn, keys, ...(told && { told }), ...(wayIn && { wayIn }) };
}

/** A refresh changes outputs, every other step is decided by inputs. */
function changedKeys(step: StepEventMetadata): string[] {
  if (!step.old || !step.new) return [];
  const side = (state: StepEventStateMetadata) => (step.op === "refresh" ? state.outputs : state.inputs) ?? {};
  const [before, after] = [side(step.old), side(step.new)];
  const keys = new Set([...(step.diffs ?? []), ...differingKeys(before, after)]);
  const named = [...keys].filter((key) => !key.startsWith("__")).sort();
  return [...named, ...namedSecrets(changedSecrets(before.composeFile, after.composeFile))];
}

/** The engine masks both values of a secret alike, so that it looks equal. */
function namedSecrets({ certain, oneOf }: ChangedSecrets): string[] {
  return [...certain, ...oneOf.map((names) => names.join(" or "))].map((name) => `secret ${name}`);
}

/** Names of what differs, two levels deep. */
function differingKeys(before: Record<string, unknown>, after: Record<string, unknown>, depth = 2): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => {
    const [a, b] = [before[key], after[key]];
    if (JSON.stringify(a) === JSON.stringify(b)) return [];
    if (depth > 1 && isMap(a) && isMap(b)) return differingKeys(a, b, depth - 1).map((name) => `${key}.${name}`);
    return [key];
  });
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The engine marks colours as `<{%reset%}>`. */
function toPlainText(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal are control characters
  const text = message.replace(/<\{%[^%]*%\}>/g, "").replace(/\u001b\[[0-9;]*m/g, "");
  return text.trim().slice(0, MESSAGE_LIMIT);
}

/** Resources whose provider tells about a service. */
const COMPOSE = /dokploy:Compose$/;

/** Longest entry handed on, in characters, and how many of a list. */
const LONGEST = 300;
const MOST = 200;

/**
 * What the provider tells about a service in the outputs of a step. An allow-list, as for the rest of an event: names of keys and of
 * containers, states and times. Undefined for other resources, and when the provider keeps no such list.
 */
export function readTold(phase: StepRecord["phase"], step: StepEventMetadata): Told | undefined {
  if (!COMPOSE.test(step.type ?? "")) return undefined;
  // What a step begins with is what is known; what it ends with is what was found or made.
  const outputs = (phase === "done" ? step.new : step.old)?.outputs;
  if (!outputs || !Array.isArray(outputs.drift)) return undefined;
  const unfinished = toNames(outputs.unfinished);
  const restarts = step.op === "create" ? [] : findRestarts(step.old?.outputs?.containers, outputs.containers);
  return {
    drift: toNames(outputs.drift),
    deployed: outputs.deployed === true,
    ...(unfinished.length > 0 && { unfinished }),
    ...(restarts.length > 0 && { restarts }),
  };
}

function toNames(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value
    .filter((entry) => typeof entry === "string")
    .slice(0, MOST)
    .map((entry) => entry.slice(0, LONGEST));
}

const domains = z.array(z.object({ host: z.string(), path: z.string().nullish(), https: z.boolean().nullish() }));
const login = z.object({ user: z.string().optional(), secret: z.string() });

/** What a step tells of the way in to a service: its routes are inputs of the Compose project, its login an output of the component. */
function readWayIn(step: StepEventMetadata): WayIn | undefined {
  if (step.type.endsWith("dokploy:Compose")) {
    const found = domains.safeParse(step.new?.inputs.domains).data ?? [];
    return found.length === 0 ? undefined : { addresses: found.map(toAddress) };
  }
  if (!step.type.startsWith("dockmaster:platform:")) return undefined;
  const found = login.safeParse(step.new?.outputs.login).data;
  return found && { login: found };
}

function toAddress({ host, path, https }: z.output<typeof domains>[number]): string {
  return `${https === false ? "http" : "https"}://${host}${path ?? "/"}`;
}
