import { z } from "zod";
import { parseDuration } from "../compose/duration.ts";

/** The stack that is watched unless its file says otherwise, and for how long. Every other name is watched when its file says so. */
const WATCHED_BY_DEFAULT = { stack: "production", watch: "30m" };

/** Longest that a release is watched, in seconds. */
const LONGEST = 7 * 86_400;

const watch = z
  .union([z.string(), z.number()], "is no time; write it like `30m`, `2h` or `0`")
  .transform((value) => parseDuration(String(value)))
  .refine(
    (seconds): seconds is number => seconds !== undefined && seconds >= 0 && seconds <= LONGEST,
    "is no time of at most seven days; write it like `30m`, `2h` or `0`",
  );

/** The keys below `promotion:` of a stack's file. They count as main's head has them, whatever release runs. */
export const promotionSettings = z.strictObject({
  watch: watch
    .optional()
    .describe(
      "How long a release is watched after its update until it counts as confirmed: `30m`, `2h`; `0`: not at all. `30m` in production, `0` elsewhere, unless given.",
    ),
  onTrouble: z
    .enum(["notify", "rollback"], { error: "is no way to meet trouble; write `notify` or `rollback`" })
    .default("notify")
    .describe(
      "What happens when an update fails, or its release meets trouble while it is watched: people are told, or the release that was confirmed last comes back and the stack is held.",
    ),
});

/** What happens to a release after its update. */
export interface PromotionPolicy {
  /** How long it is watched, in milliseconds; 0: not at all. */
  watchMs: number;
  onTrouble: "notify" | "rollback";
}

/** A mistake below `promotion:`. */
export interface PolicyIssue {
  /** The whole key, e.g. `promotion:watch`. */
  key: string;
  message: string;
}

/** Reads `promotion:` of a stack's config (key → value, as its file has it). All mistakes at once; no policy where there is one. */
export function readPromotionPolicy(
  config: Readonly<Record<string, unknown>>,
  stack: string,
): { policy?: PromotionPolicy; issues: PolicyIssue[] } {
  const own = Object.entries(config).filter(([key]) => key.startsWith(PROMOTION));
  const parsed = promotionSettings.safeParse(
    Object.fromEntries(own.map(([key, value]) => [key.slice(PROMOTION.length), value])),
  );
  if (!parsed.success) return { issues: parsed.error.issues.flatMap(explain) };
  const fallback = stack === WATCHED_BY_DEFAULT.stack ? (parseDuration(WATCHED_BY_DEFAULT.watch) ?? 0) : 0;
  const { watch: seconds = fallback, onTrouble } = parsed.data;
  return { policy: { watchMs: Math.round(seconds * 1000), onTrouble }, issues: [] };
}

/** What the keys begin with. */
export const PROMOTION = "promotion:";

function explain(issue: z.core.$ZodIssue): PolicyIssue[] {
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(promotionSettings.shape).map((key) => `\`${PROMOTION}${key}\``);
    return issue.keys.map((key) => ({
      key: `${PROMOTION}${key}`,
      message: `is no setting; there are ${known.join(" and ")}`,
    }));
  }
  return [{ key: `${PROMOTION}${String(issue.path[0] ?? "")}`, message: issue.message }];
}
