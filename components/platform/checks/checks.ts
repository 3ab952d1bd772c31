import { z } from "zod";
import { type CommandCheck, command } from "./command.ts";
import { type HttpCheck, http, httpShape } from "./http.ts";
import { type CheckContext, type CheckKind, type Deployed, type MakeCheck, patience } from "./kind.ts";

/** What has to be true after a deployment, or the update fails. */
export type Check = HttpCheck | CommandCheck;

/** Every kind of check. */
const KINDS = [http, command] as readonly CheckKind<Check>[];

const NO_KIND = "is neither a request nor a command; write `url` or `command`, and not both";

/** Checks in a stack's file. */
export const checks = z.array(
  z
    .strictObject({ ...optional(KINDS.map(({ shape }) => shape)), ...patience })
    .superRefine((check, { addIssue }) => {
      const named = KINDS.filter(({ key }) => key in check);
      if (named.length !== 1) addIssue({ code: "custom", message: NO_KIND });
      for (const kind of named) {
        for (const { only = {} } of KINDS.filter((other) => other !== kind)) {
          const foreign = Object.keys(only).filter((key) => key in check);
          for (const key of foreign) addIssue({ code: "custom", message: `${kind.noun} ${only[key]}` });
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

/** Those that the provider makes, and those that are resources of their own. */
export function splitChecks(all: readonly Check[]): { checks: HttpCheck[]; ownChecks: Check[] } {
  const isOwn = (check: Check) => kindOf(check).load !== undefined;
  return { checks: all.filter((check): check is HttpCheck => !isOwn(check)), ownChecks: all.filter(isOwn) };
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
