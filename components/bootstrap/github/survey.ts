import type { AskGithub } from "./api.ts";
import type { RepositoryFacts } from "./features.ts";

/** A mistake that only GitHub could tell, and at which key of the config. */
export interface SurveyProblem {
  path: (string | number)[];
  message: string;
  hint: string;
}

/** Who approves deployments to production. */
export interface ReviewerIds {
  users: number[];
  teams: number[];
}

/** What has to be known before anything is set up. */
export interface Survey {
  facts: RepositoryFacts;
  reviewers: ReviewerIds;
  /** Who may make tags `v*`; undefined when nobody said. */
  tagMakers?: ReviewerIds;
  /** Text of the branch's CODEOWNERS; undefined when there is none that the token may read. */
  codeOwners?: string;
}

const TOKEN_HINT =
  "use a token that may administer this repository (fine-grained: Administration, Actions, Environments, Secrets, Variables and Webhooks, read and write)";

/**
 * Looks at a repository and looks up its reviewers and who may make tags (`anna`, or `team:platform` for a team of the owner). All
 * problems at once. Rejects when GitHub does not answer.
 */
export async function surveyRepository(
  ask: AskGithub,
  asked: { repository: string; reviewers: readonly string[]; tagMakers?: readonly string[]; plan?: string },
): Promise<{ survey?: Survey; problems: SurveyProblem[] }> {
  const { repository, plan } = asked;
  const problem = (path: (string | number)[], message: string, hint: string) => ({ path, message, hint });
  const { status, body: repo } = await ask(`repos/${repository}`);
  if (status === 401) return { problems: [problem([], "GitHub does not know the token", TOKEN_HINT)] };
  if (status !== 200) {
    const message = `GitHub answered ${status} for ${repository}`;
    return { problems: [problem(["repository"], message, `is the name right? ${TOKEN_HINT}`)] };
  }
  const problems: SurveyProblem[] = [];
  if (repo.permissions?.admin !== true)
    problems.push(problem([], `the token may not administer ${repository}`, TOKEN_HINT));

  const owner = repository.split("/")[0] ?? "";
  const find = async (key: "reviewers" | "tagMakers") => {
    const ids: ReviewerIds = { users: [], teams: [] };
    for (const [index, name] of (asked[key] ?? []).entries()) {
      const team = /^team:(.+)$/.exec(name)?.[1];
      const { body } = await ask(team ? `orgs/${owner}/teams/${team}` : `users/${name}`);
      if (typeof body.id === "number") ids[team ? "teams" : "users"].push(body.id);
      else {
        const what = team ? `no team \`${team}\` of ${owner} that the token may see` : `no user \`${name}\``;
        problems.push(problem([key, index], `there is ${what}`, "write `anna` for a user, `team:platform` for a team"));
      }
    }
    return ids;
  };
  const reviewers = await find("reviewers");
  const tagMakers = asked.tagMakers && (await find("tagMakers"));
  if (problems.length > 0) return { problems };
  const isPrivate = repo.private === true;
  return {
    survey: {
      facts: {
        repository,
        private: isPrivate,
        plan: plan ?? (isPrivate ? await planOf(ask, owner, repo.owner?.type) : undefined),
        rulesets: (await ask(`repos/${repository}/rulesets?per_page=1`)).status === 200,
      },
      reviewers,
      ...(tagMakers && { tagMakers }),
      ...(await readCodeOwners(ask, repository)),
    },
    problems,
  };
}

/** Where GitHub looks for it, in its order. Read from the default branch. */
const CODEOWNERS = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

async function readCodeOwners(ask: AskGithub, repository: string): Promise<{ codeOwners?: string }> {
  for (const path of CODEOWNERS) {
    const { status, body } = await ask(`repos/${repository}/contents/${path}`);
    if (status === 200 && typeof body.content === "string") {
      return { codeOwners: Buffer.from(body.content, "base64").toString("utf8") };
    }
  }
  return {};
}

async function planOf(ask: AskGithub, owner: string, type: unknown): Promise<string | undefined> {
  const { body } = await ask(type === "Organization" ? `orgs/${owner}` : "user");
  const own = type === "Organization" || String(body.login).toLowerCase() === owner.toLowerCase();
  return own && typeof body.plan?.name === "string" ? body.plan.name.toLowerCase() : undefined;
}
