/** What GitHub says of a repository, as far as it decides what may be set up there. */
export interface RepositoryFacts {
  /** `owner/name`. */
  repository: string;
  private: boolean;
  /** Plan of its owner in small letters; undefined when the token may not know. */
  plan: string | undefined;
  /** Whether GitHub lets rulesets be listed. It refuses that where the plan has none. */
  rulesets: boolean;
}

/** What can be set up. */
export interface Features {
  rulesets: boolean;
  /** Environments with the branches that may use them. */
  environments: boolean;
  /** Reviewers and wait timers of environments. */
  reviewers: boolean;
}

/** What can be set up, and what is left out, in words. `undecided`: people have to say which plan it is. */
export type Assessment = { features: Features; missing: string[] } | { undecided: string };

/** https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments */
const PAID = ["pro", "team", "business", "medium", "small", "large", "developer"];
const ENTERPRISE = ["enterprise", "business_plus"];

/** The plans that people may name. */
export const PLANS = ["free", "pro", "team", "enterprise"] as const;

/**
 * Decides what a repository's plan allows. Public repositories have everything; of private ones environments need a paid plan and
 * reviewers need Enterprise. An unknown plan is no answer: what is set up must not depend on which token was used.
 */
export function assessFeatures({ repository, private: isPrivate, plan, rulesets }: RepositoryFacts): Assessment {
  const known = plan !== undefined && [...PLANS, ...PAID, ...ENTERPRISE].includes(plan);
  if (isPrivate && !known) return { undecided: plan ?? "" };
  const enterprise = !isPrivate || ENTERPRISE.includes(plan ?? "");
  const environments = enterprise || PAID.includes(plan ?? "");
  const missing: string[] = [];
  const lacks = (what: string, instead: string, needs: string) =>
    missing.push(`${repository} is private and its plan (${plan}) has no ${what}: ${instead}. It needs ${needs}.`);
  if (!environments) {
    lacks(
      "environments",
      "whoever may start the workflow may deploy to production",
      "GitHub Pro or Team, or a public repository",
    );
  } else if (!enterprise) {
    lacks(
      "reviewers and wait timers",
      "production is guarded by the workflow's `confirm` only",
      "GitHub Enterprise, or a public repository",
    );
  }
  if (!rulesets) {
    lacks(
      "rulesets",
      "nothing on GitHub keeps tags from being moved; the runner refuses a moved tag all the same",
      "GitHub Pro or Team, or a public repository",
    );
  }
  return { features: { rulesets, environments, reviewers: enterprise }, missing };
}
