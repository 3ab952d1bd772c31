import { describe, expect, test } from "vitest";
import { assessFeatures, type RepositoryFacts } from "../../../../../components/bootstrap/github/features.ts";

const facts = (changes: Partial<RepositoryFacts>): RepositoryFacts => ({
  repository: "you/platform",
  private: true,
  plan: "team",
  rulesets: true,
  ...changes,
});

describe("what a repository's plan allows", () => {
  test.each<[string, Partial<RepositoryFacts>, [rulesets: boolean, environments: boolean, reviewers: boolean]]>([
    ["a public one, whatever the plan", { private: false, plan: undefined }, [true, true, true]],
    ["a private one on Enterprise", { plan: "enterprise" }, [true, true, true]],
    ["a private one on Team", { plan: "team" }, [true, true, false]],
    ["a private one on Pro", { plan: "pro" }, [true, true, false]],
    ["a private one on Free", { plan: "free", rulesets: false }, [false, false, false]],
  ])("%s", (_name, changes, [rulesets, environments, reviewers]) => {
    const assessed = assessFeatures(facts(changes));
    expect(assessed).toMatchObject({ features: { rulesets, environments, reviewers } });
  });

  test("is said in words where something is missing: what, what holds instead, what would help", () => {
    const assessed = assessFeatures(facts({ plan: "free", rulesets: false }));
    expect((assessed as { missing: string[] }).missing).toEqual([
      "you/platform is private and its plan (free) has no environments: whoever may start the workflow may deploy to production. It needs GitHub Pro or Team, or a public repository.",
      "you/platform is private and its plan (free) has no rulesets: nothing on GitHub keeps tags from being moved; the runner refuses a moved tag all the same. It needs GitHub Pro or Team, or a public repository.",
    ]);
    expect(assessFeatures(facts({ plan: "team" }))).toMatchObject({
      missing: [expect.stringContaining("no reviewers and wait timers")],
    });
    expect(assessFeatures(facts({ private: false }))).toMatchObject({ missing: [] });
  });

  test.each([[undefined], ["something new"]])("is not guessed from a plan `%s`", (plan) => {
    expect(assessFeatures(facts({ plan }))).toEqual({ undecided: plan ?? "" });
  });
});
