import type { StepEventMetadata } from "@pulumi/pulumi/automation/index.js";
import { z } from "zod";
import type { WayIn } from "../domain/way-in.ts";

const domains = z.array(z.object({ host: z.string(), path: z.string().nullish(), https: z.boolean().nullish() }));
const login = z.object({ user: z.string().optional(), secret: z.string() });

/** What a step tells of the way in to a service: its routes are inputs of the Compose project, its login an output of the component. */
export function readWayIn(step: StepEventMetadata): WayIn | undefined {
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
