import { openGithub } from "../../components/bootstrap/github/api.ts";
import { unownedPaths } from "../../components/bootstrap/github/code-owners.ts";
import { assessFeatures, type Features, PLANS } from "../../components/bootstrap/github/features.ts";
import { type ReviewerIds, surveyRepository } from "../../components/bootstrap/github/survey.ts";
import type { Problem } from "../../components/compose/problem.ts";
import { dokployConnection } from "../../components/dokploy/api/connection.ts";
import { ServiceError } from "../../components/dokploy/rules/service-error.ts";
import { connectVault, type Vault, type VaultConnection } from "../../components/vault/api/client.ts";
import { vaultAddress, vaultConnection } from "../../components/vault/api/connection.ts";
import { VaultError } from "../../components/vault/api/errors.ts";
import { allowedHosts, explainInsecure, findInsecure } from "../../tools/outgoing/insecure.mjs";
import { NoAnswer, Redirected } from "../../tools/outgoing/request.mjs";
import { problemAt, type RawConfig } from "../config/raw-config.ts";
import type { BootstrapSettings } from "./settings.ts";

/** Dokploy's server, as this laptop reaches it. */
export interface DokployAddress {
  url: string;
  apiKey: string;
}

/** Address and key of Dokploy, or what is wrong with them. Nothing is sent. */
export function readDokploy(raw: RawConfig, env: NodeJS.ProcessEnv): { dokploy?: DokployAddress; problems: Problem[] } {
  const get = (key: string) => text(raw.values[key]);
  try {
    const { url, apiKey } = dokployConnection({ get }, env);
    return { dokploy: { url, apiKey }, problems: [] };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { problems: [{ file: "Dokploy", message: error.message, hint: error.hint }] };
  }
}

/** Vault, as this laptop and as the containers reach it. */
export interface VaultReached {
  connection: VaultConnection;
  client: Vault;
  /** Part of the containers' text, so from the config only: with `VAULT_ADDR` a laptop behind a tunnel would restart the runner. */
  address: string;
}

/** Signs in to Vault, or says why that does not work. */
export async function reachVault(
  raw: RawConfig,
  env: NodeJS.ProcessEnv,
): Promise<{ vault?: VaultReached; problems: Problem[] }> {
  const get = (key: string) => text(raw.values[key]);
  const problems: Problem[] = [];
  const plain = get("vault:address");
  if (plain === undefined) {
    const hint = "write it like `https://vault.example.org`";
    problems.push(problemAt(raw, "vault:address", [], "is missing; the containers reach Vault there", hint));
  }
  try {
    const connection = vaultConnection({ get }, env);
    const client = connectVault(connection);
    await client.lookupSelf();
    if (plain === undefined) return { problems };
    return { vault: { connection, client, address: vaultAddress(plain) }, problems };
  } catch (error) {
    problems.push(vaultProblem(error));
  }
  return { problems };
}

/** What is to be set up on GitHub. */
export interface GithubPlan {
  features: Features;
  reviewers: ReviewerIds;
  /** Who may make tags `v*`; undefined: whoever may push. */
  tagMakers?: ReviewerIds;
  /** What the plan does not allow, and what is not guarded, in words. */
  missing: string[];
}

/** Looks at the repository: whether it is there, what its plan allows, who the reviewers are. */
export async function lookAtGithub(
  raw: RawConfig,
  { repository, reviewers, tagMakers, plan, api }: NonNullable<BootstrapSettings["github"]>,
  token: string | undefined,
  allowed = "",
): Promise<{ github?: GithubPlan; problems: Problem[] }> {
  if (!token) {
    const hint =
      "set a token that may administer the repository, e.g. with `op run` or `GITHUB_TOKEN=$(gh auth token)`";
    return { problems: [{ file: "GITHUB_TOKEN", message: "is not set", hint }] };
  }
  const at = (path: (string | number)[], message: string, hint: string) =>
    problemAt(raw, "bootstrap:github", path, message, hint);
  const insecure = findInsecure(api, allowedHosts({ ALLOW_INSECURE: allowed }));
  if (insecure !== undefined) {
    const { message, hint } = explainInsecure(insecure);
    return { problems: [at(["api"], message, hint)] };
  }
  try {
    const wanted = { repository, reviewers, ...(tagMakers && { tagMakers }), ...(plan && { plan }) };
    const { survey, problems } = await surveyRepository(openGithub(api.replace(/\/+$/, ""), token), wanted);
    if (!survey) return { problems: problems.map(({ path, message, hint }) => at(path, message, hint)) };
    const assessment = assessFeatures(survey.facts);
    if ("undecided" in assessment) {
      const message = `GitHub does not tell this token the plan of ${repository}'s owner, which decides what can be set up`;
      return { problems: [at(["plan"], message, `write it: ${PLANS.join(", ")}`)] };
    }
    const { tagMakers: makers, codeOwners = "" } = survey;
    const missing = [...assessment.missing, ...explainUnguarded(repository, { makers, codeOwners })];
    const found = { ...assessment, missing, reviewers: survey.reviewers, ...(makers && { tagMakers: makers }) };
    return { github: found, problems: [] };
  } catch (error) {
    if (error instanceof Redirected) {
      const hint = `${error.hint("api")}; a repository that was renamed or moved answers so too: write its new name`;
      return { problems: [at(["api"], `${new URL(api).host} ${error.message}`, hint)] };
    }
    if (!(error instanceof NoAnswer)) throw error;
    const message = `no answer from ${new URL(api).host} (${error.message})`;
    return { problems: [at(["api"], message, "run it again when it answers")] };
  }
}

/** What people have to do themselves before GitHub guards it. */
function explainUnguarded(
  repository: string,
  { makers, codeOwners }: { makers: ReviewerIds | undefined; codeOwners: string },
): string[] {
  const unowned = unownedPaths(codeOwners);
  return [
    ...(makers
      ? []
      : [`whoever may push to ${repository} may make tags v*: say who in \`bootstrap:github.tagMakers\``]),
    ...(unowned.length === 0
      ? []
      : [
          `CODEOWNERS of ${repository} names nobody for ${unowned.join(", ")}: add lines like \`${unowned[0]} @you/platform\``,
        ]),
  ];
}

/** What is wrong with Vault, in words. Throws what is no error of Vault's. */
export function vaultProblem(error: unknown): Problem {
  if (!(error instanceof VaultError)) throw error;
  return { file: "Vault", message: error.message, hint: error.hint };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
