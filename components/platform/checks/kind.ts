import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Compose } from "../../dokploy/resources.ts";
import { MOMENTS, type Moment } from "../../dokploy/rules/checks/during.ts";

/** What is known of a stack where its checks are made. */
export interface CheckContext {
  stack: string;
  suffix: string;
  domain: string;
}

/** A service that was registered: what decides whether there was a deployment, and nothing secret. */
export interface Deployed {
  name: string;
  /** The service's component, whose child a check becomes. */
  parent: pulumi.Resource;
  compose: Compose;
  composeFile: pulumi.Input<string>;
  env: Record<string, pulumi.Input<string>>;
  domains: readonly object[];
  /** Keeps a value of the settings secret where they may hold one. */
  guard(text: string): pulumi.Input<string>;
}

/** How a check becomes a resource; `name` is that resource's. */
export type MakeCheck<Check> = (name: string, check: Check, deployed: Deployed) => void;

/** A mistake in a check, and below which of its keys. */
export interface CheckMistake {
  path: readonly string[];
  message: string;
}

/** A kind of check: something that has to be true after a deployment. */
export interface CheckKind<Check> {
  /** The key that every check of this kind has, and no other. */
  key: keyof Check & string;
  /** What it is, with its article. */
  noun: string;
  /** Its keys besides `during`; `...patience` where it is tried again and again. */
  shape: z.ZodRawShape;
  /** Why other kinds cannot have those of its keys that do not tell the kind. */
  only?: Record<string, string>;
  /** What its keys cannot say together. */
  mistakes?(check: Check): CheckMistake[];
  /** Loads what makes it a resource of its own. Without it the provider makes it, as part of the deployment. */
  load?(context: CheckContext): Promise<MakeCheck<Check>>;
}

/** When a check has to hold. */
export interface Timed {
  /** Default: `release`. */
  during?: Moment | readonly Moment[] | undefined;
}

/** How patient a check is. */
export interface Patience extends Timed {
  /** Default 10. */
  attempts?: number | undefined;
  /** Seconds between two attempts. Default 3. */
  interval?: number | undefined;
}

/** Keys of checks that are tried until they succeed. */
export const patience = {
  attempts: z.int().min(1).max(100).optional().describe("How often it is tried. 10 unless given."),
  interval: z.int().min(1).max(60).optional().describe("Seconds between two attempts. 3 unless given."),
};

/** Why a kind that is not tried again and again has none of these. */
export const ONLY_PATIENT = {
  attempts: "is not tried until it succeeds; leave `attempts` out",
  interval: "is not tried until it succeeds; leave `interval` out",
};

/** Keys that every check has. */
export const timed = {
  during: z
    .union(
      [z.enum(MOMENTS), z.array(z.enum(MOMENTS)).min(1)],
      "is no moment; write `release`, `watch` or a list of both",
    )
    .optional()
    .describe(
      "When it has to hold: `release`, before the update may end well; `watch`, in the time after it; or a list of both. `release` unless given.",
    ),
};
