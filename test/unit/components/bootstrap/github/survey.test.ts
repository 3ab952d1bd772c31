import { describe, expect, test } from "vitest";
import type { AskGithub } from "../../../../../components/bootstrap/github/api.ts";
import { surveyRepository } from "../../../../../components/bootstrap/github/survey.ts";

const REPO = { private: true, permissions: { admin: true }, owner: { type: "Organization" } };

/** A GitHub that has these answers and 404 for the rest. */
function github(answers: Record<string, [number, unknown] | undefined>): AskGithub {
  return async (path) => {
    const [status, body] = answers[path] ?? [404, { message: "Not Found" }];
    return { status, body };
  };
}

const usual = {
  "repos/you/platform": [200, REPO] as [number, unknown],
  "repos/you/platform/rulesets?per_page=1": [200, []] as [number, unknown],
  "orgs/you": [200, { plan: { name: "Team" } }] as [number, unknown],
  "users/anna": [200, { id: 11 }] as [number, unknown],
  "orgs/you/teams/platform": [200, { id: 22 }] as [number, unknown],
};
const asked = { repository: "you/platform", reviewers: ["anna", "team:platform"] };

describe("a look at a repository", () => {
  test("finds its plan, its rulesets and the reviewers' ids", async () => {
    expect(await surveyRepository(github(usual), asked)).toEqual({
      survey: {
        facts: { repository: "you/platform", private: true, plan: "team", rulesets: true },
        reviewers: { users: [11], teams: [22] },
      },
      problems: [],
    });
  });

  test("believes the plan that people name", async () => {
    const { survey } = await surveyRepository(github(usual), { ...asked, plan: "enterprise" });
    expect(survey?.facts.plan).toBe("enterprise");
  });

  test("knows the plan of a person only when it is the token's own", async () => {
    const own = { ...usual, "repos/you/platform": [200, { ...REPO, owner: { type: "User" } }] as [number, unknown] };
    const plan = async (login: string) => {
      const user: [number, unknown] = [200, { login, plan: { name: "pro" } }];
      return (await surveyRepository(github({ ...own, user }), asked)).survey?.facts.plan;
    };
    expect(await plan("You")).toBe("pro");
    expect(await plan("somebody")).toBeUndefined();
  });

  test("sees that a plan has no rulesets by GitHub's refusal", async () => {
    const refused: [number, unknown] = [403, { message: "Upgrade to GitHub Pro or make this repository public" }];
    const answers = { ...usual, "repos/you/platform/rulesets?per_page=1": refused };
    expect((await surveyRepository(github(answers), asked)).survey?.facts.rulesets).toBe(false);
  });

  test.each<[string, Record<string, [number, unknown] | undefined>, string[]]>([
    ["an unknown token", { "repos/you/platform": [401, {}] }, ["GitHub does not know the token"]],
    ["a repository that is not there", { "repos/you/platform": undefined }, ["GitHub answered 404 for you/platform"]],
    [
      "a token without rights and reviewers that nobody knows, all at once",
      {
        "repos/you/platform": [200, { ...REPO, permissions: { admin: false } }],
        "users/anna": undefined,
        "orgs/you/teams/platform": undefined,
      },
      [
        "the token may not administer you/platform",
        "there is no user `anna`",
        "there is no team `platform` of you that the token may see",
      ],
    ],
  ])("refuses %s", async (_name, answers, messages) => {
    const { survey, problems } = await surveyRepository(github({ ...usual, ...answers }), asked);
    expect(survey).toBeUndefined();
    expect(problems.map(({ message }) => message)).toEqual(messages);
    expect(problems.every(({ hint }) => hint !== "")).toBe(true);
  });
});
