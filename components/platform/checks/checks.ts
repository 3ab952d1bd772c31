import { z } from "zod";
import type { CheckInput } from "../../dokploy/rules/checks/check.ts";
import { type CommandCheck, command } from "./command.ts";
import { type HttpCheck, http, httpShape } from "./http.ts";
import { type CheckContext, type CheckKind, type Deployed, type MakeCheck, patience, timed } from "./kind.ts";
import { type PrometheusCheck, prometheus } from "./prometheus.ts";

/** What has to be true after a deployment, or the update fails. */
export type Check = HttpCheck | CommandCheck | PrometheusCheck;

/** Every kind of check. */
const KINDS = [http, command, prometheus] as readonly CheckKind<Check>[];

const NO_KIND = `has to be of one kind; write ${KINDS.map(({ key }) => `\`${key}\``).join(" or ")}, and only one of them`;

/** Checks in a stack's file. */
export const checks = z.array(
  z
    .strictObject({ ...optional(KINDS.map(({ shape }) => shape)), ...timed })
    .superRefine((check, { addIssue }) => {
      const named = KINDS.filter(({ key }) => key in check);
      if (named.length !== 1) addIssue({ code: "custom", message: NO_KIND });
      for (const kind of named) {
        const foreign = KINDS.flatMap(({ only = {} }) => Object.entries(only)).filter(
          ([key]) => key in check && !(key in kind.shape),
        );
        for (const why of new Map(foreign).values()) addIssue({ code: "custom", message: `${kind.noun} ${why}` });
        if (named.length > 1) continue;
        for (const { path, message } of kind.mistakes?.(check as unknown as Check) ?? []) {
          addIssue({ code: "custom", path: [...path], message });
        }
      }
    })
    .transform((check) => check as unknown as Check),
);

/** Requests alone, for what is no service of the platform. */
export const httpChecks = z.array(z.strictObject({ ...httpShape, ...patience }));

function optional(shapes: readonly z.ZodRawShape[]): z.ZodRawShape {
  const keys = shapes.flatMap((shape) => Object.entries(shape) as [string, z.ZodType][]);
  return Object.fromEntries(keys.map(([key, schema]) => [key, schema.optional()]));
}

function kindOf(check: Check): CheckKind<Check> {
  const kind = KINDS.find(({ key }) => key in check);
  if (!kind) throw new Error("a check of no kind");
  return kind;
}

/** What is wrong with a check that a service's definition has, where no schema saw it. */
export function mistakesInDefinition(check: Check): string[] {
  return (kindOf(check).mistakes?.(check) ?? []).map(({ path, message }) => `\`${path.join(".")}\` ${message}`);
}

/** Those that the provider makes, and those that are resources of their own. */
export function splitChecks(all: readonly Check[]): { checks: CheckInput[]; ownChecks: Check[] } {
  const isOwn = (check: Check) => kindOf(check).load !== undefined;
  return { checks: all.filter((check) => !isOwn(check)) as CheckInput[], ownChecks: all.filter(isOwn) };
}

/** Makes a service's own checks resources. */
export type MakeChecks = (deployed: Deployed, checks: readonly Check[]) => void;

/** Loads what makes these checks. Only what is used is loaded, so that nobody needs a plugin for nothing. */
export async function loadChecks(context: CheckContext, all: readonly Check[]): Promise<MakeChecks> {
  const kinds = [...new Set(all.map(kindOf))];
  const makers = new Map<CheckKind<Check>, MakeCheck<Check> | undefined>();
  for (const kind of kinds) makers.set(kind, await kind.load?.(context));
  return (deployed, own) => {
    for (const [index, check] of own.entries()) {
      makers.get(kindOf(check))?.(`${deployed.name}-check-${index + 1}`, check, deployed);
    }
  };
}
