import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import type { TimedRecord } from "../../../automation/domain/engine-record.ts";
import { reduceOutcomes, toService } from "../../../automation/domain/outcome.ts";
import type { AnsweredBy, Cause, ServiceOutcome } from "../../../automation/domain/run.ts";
import { findCause } from "../../../automation/engine/find-cause.ts";
import { redactEvent } from "../../../automation/engine/redact.ts";
import type { Live } from "../../print/live.ts";
import { showServices } from "../../print/service-progress.ts";
import type { Checkout } from "../checkout.ts";
import { runEngine } from "./engine.ts";

/** One command of the engine, told by services. */
export interface StackRun {
  ok: boolean;
  services: ServiceOutcome[];
  /** How many resources besides the services' Compose projects were created, updated, deleted. */
  others: { create: number; update: number; delete: number };
  /** Why it failed; null when it did not. */
  cause: Cause | null;
  seconds: number;
  records: TimedRecord[];
  /** A preview in which a volume was given up that none of its services leaves. */
  notLeft?: boolean;
  /** What told it. */
  by?: AnsweredBy;
  /** What the engine printed. */
  output: string;
}

interface StackRunOptions {
  onRaw?: (event: EngineEvent) => void;
  editConfig?: (text: string) => string;
  /** For the program, besides what is in this shell. */
  env?: NodeJS.ProcessEnv;
}

/**
 * Runs `pulumi <words>` on a stack and shows its services as they are touched. `onRaw` gets every event as the engine
 * sends it: secrets in clear may be in those that are not steps. `editConfig` changes the engine's copy of the stack's
 * file. Throws CliError.
 */
export async function runOnStack(
  checkout: Checkout,
  stack: string,
  words: readonly string[],
  live: Live,
  { onRaw, editConfig, env }: StackRunOptions = {},
): Promise<StackRun> {
  const since = Date.now();
  const records: TimedRecord[] = [];
  // A preview has nothing to watch: its steps are plans.
  const show = words[0] === "preview" || words.includes("--preview-only") ? () => {} : showServices(live);
  live.start(stack, `pulumi ${words[0]}`);
  try {
    const end = await runEngine(checkout, stack, words, {
      onEvent: (raw, at) => {
        onRaw?.(raw);
        const event = redactEvent(raw);
        if (!event) return;
        records.push({ event, at });
        show(event, at);
      },
      editConfig,
      env,
    });
    // The engine's order is another one every time.
    const services = reduceOutcomes(records, [], false).sort((a, b) => a.service.localeCompare(b.service));
    const cause = end.result === "succeeded" ? null : findCause(records, services, end);
    const others = countOthers(records);
    const seconds = (Date.now() - since) / 1000;
    return {
      ok: end.result === "succeeded",
      services,
      others,
      cause,
      seconds,
      records,
      by: "engine",
      output: end.output,
    };
  } finally {
    live.close();
  }
}

/** A mere refresh tells the same operations of what it found; those are no actions. */
function countOthers(records: TimedRecord[]): StackRun["others"] {
  const others = { create: 0, update: 0, delete: 0 };
  const begun = new Map<string, string>();
  for (const { event } of records) {
    if (event.type !== "resource" || !isOther(event.urn)) continue;
    if (event.phase === "started") begun.set(event.urn, event.op);
    else if (event.phase === "done" && begun.get(event.urn) === event.op && event.op in others) {
      others[event.op as keyof typeof others] += 1;
    }
  }
  return others;
}

/** Neither a service's Compose project, nor a component, the stack itself or a provider, which exist only in the state. */
function isOther(urn: string): boolean {
  const types = urn.split("::")[2]?.split("$") ?? [];
  const type = types.at(-1) ?? "";
  const isService = type.endsWith("dokploy:Compose") && toService(urn) !== undefined;
  return !isService && !/^(dockmaster|pulumi):/.test(type);
}

/** Whether a preview plans no step on anything. */
export function plansNothing({ records }: StackRun): boolean {
  return !records.some(
    ({ event }) => event.type === "resource" && event.phase === "started" && !["same", "refresh"].includes(event.op),
  );
}
