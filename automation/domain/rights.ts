/**
 * What the key of a signature lets its holder ask for beside looking: `change` a stack, `change:production`, bring production a
 * `hotfix` whose tag nobody signed, and have code previewed that main does not contain.
 */
export type Right = "change" | "change:production" | "hotfix" | "preview:unmerged";

/** The variables whose values sign requests. Only the first may sign in GitHub's plain form, which can be sent again. */
export const SIGNING_VARIABLES = ["WEBHOOK_SECRET", "PRODUCTION_SECRET", "PREVIEW_SECRET"] as const;

/** One of them. */
export type SigningVariable = (typeof SIGNING_VARIABLES)[number];

/**
 * What the value of a variable may. With a secret of its own for production (`guarded`) the webhook's, which staging's jobs and
 * everybody who may push can read, changes production no more.
 */
export function rightsOf(variable: SigningVariable, { guarded }: { guarded: boolean }): ReadonlySet<Right> {
  switch (variable) {
    case "WEBHOOK_SECRET":
      return new Set(guarded ? ["change"] : ["change", "change:production"]);
    case "PRODUCTION_SECRET":
      return new Set(["change", "change:production", "hotfix", "preview:unmerged"]);
    case "PREVIEW_SECRET":
      return new Set(["preview:unmerged"]);
  }
}

/** The right that a change of a stack needs and these rights lack; undefined when it may go on. */
export function lackingRight(rights: ReadonlySet<Right>, stack: string): "change" | "change:production" | undefined {
  if (!rights.has("change")) return "change";
  return stack === "production" && !rights.has("change:production") ? "change:production" : undefined;
}
