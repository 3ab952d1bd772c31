import type { StepEventMetadata } from "@pulumi/pulumi/automation/index.js";
import type { StepRecord, Told } from "../domain/engine-record.ts";
import { findRestarts } from "../domain/restarts.ts";

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
