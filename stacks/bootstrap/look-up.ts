import { openGithub } from "../../components/bootstrap/github/api.ts";
import { assessFeatures, type Features, PLANS } from "../../components/bootstrap/github/features.ts";
import { type ReviewerIds, surveyRepository } from "../../components/bootstrap/github/survey.ts";
import { planSecrets } from "../../components/bootstrap/runner/secrets.ts";
import type { Problem } from "../../components/compose/problem.ts";
import { dokployConnection } from "../../components/dokploy/api/connection.ts";
import { ServiceError } from "../../components/dokploy/rules/service-error.ts";
import { connectVault, type Vault, type VaultConnection } from "../../components/vault/api/client.ts";
import { vaultAddress, vaultConnection } from "../../components/vault/api/connection.ts";
import { VaultError } from "../../components/vault/api/errors.ts";
import { allowedHosts, explainInsecure, findInsecure } from "../../tools/outgoing/insecure.mjs";
import { NoAnswer, Redirected } from "../../tools/outgoing/request.mjs";
import { LEAST_SECRET } from "../../tools/secret-parts.mjs";
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

/** What the runner's secret in Vault has to hold, and what it must not. */
interface RunnerSecrets {
  path: string;
  names: readonly string[];
  unwanted: readonly string[];
  env: NodeJS.ProcessEnv;
  existing: boolean;
  /** Hosts that the runner may reach in clear, with commas. */
  allowed: string;
}

/** Whether every secret of the runner has a value, in Vault or here, and none says that its state is elsewhere. */
export async function checkSecrets(
  client: Vault,
  { path, names, unwanted, env, existing, allowed }: RunnerSecrets,
): Promise<Problem[]> {
  let live: Readonly<Record<string, unknown>> = {};
  try {
    live = (await client.readSecret(path))?.values ?? {};
  } catch (error) {
    // The first update makes the mount.
    if (existing || !(error instanceof VaultError && error.code === "vault_missing")) return [vaultProblem(error)];
  }
  const { missing, different, weak } = planSecrets(names, live, env, () => "0".repeat(LEAST_SECRET));
  const [mount, name] = path.split("/data/", 2);
  const repository = live.GIT_REPO_URL || env.GIT_REPO_URL;
  const insecure = findInsecure(String(repository ?? ""), allowedHosts({ ALLOW_INSECURE: allowed }));
  return [
    ...(insecure === undefined ? [] : [{ file: "GIT_REPO_URL", ...explainInsecure(insecure) }]),
    ...unwanted
      .filter((variable) => live[variable])
      .map((variable) => ({
        file: variable,
        message: `Vault has it at ${path}, so the runner's state is a shared one, and here it is in a folder`,
        hint: "`pulumi login` to the runner's; to change to a folder on purpose, take the field out of Vault",
      })),
    ...missing.map((variable) => ({
      file: variable,
      message: `the runner has none: neither Vault at ${path} nor the environment`,
      hint: "set it for this one run, e.g. with `op run`",
    })),
    ...Object.entries(weak).flatMap(([variable, problems]) =>
      problems.map((message) => ({
        file: variable,
        message: message.replace(/^\w+:? /, ""),
        hint: live[variable]
          ? `the runner would not start with it: change it where Vault has it, at ${path}, to \`<new>,<old>\` or the new one alone`
          : "set a longer one for this run, or none: then one is made",
      })),
    ),
    ...different.map((variable) => ({
      file: variable,
      message: `is another one than the runner's in Vault at ${path}`,
      hint: `use the runner's: \`vault kv get -mount=${mount} -field=${variable} ${name}\``,
    })),
  ];
}

/** What is to be set up on GitHub. */
export interface GithubPlan {
  features: Features;
  reviewers: ReviewerIds;
  /** What the plan does not allow, in words. */
  missing: string[];
}

/** Looks at the repository: whether it is there, what its plan allows, who the reviewers are. */
export async function lookAtGithub(
  raw: RawConfig,
  { repository, reviewers, plan, api }: NonNullable<BootstrapSettings["github"]>,
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
    const wanted = { repository, reviewers, ...(plan && { plan }) };
    const { survey, problems } = await surveyRepository(openGithub(api.replace(/\/+$/, ""), token), wanted);
    if (!survey) return { problems: problems.map(({ path, message, hint }) => at(path, message, hint)) };
    const assessment = assessFeatures(survey.facts);
    if ("undecided" in assessment) {
      const message = `GitHub does not tell this token the plan of ${repository}'s owner, which decides what can be set up`;
      return { problems: [at(["plan"], message, `write it: ${PLANS.join(", ")}`)] };
    }
    return { github: { ...assessment, reviewers: survey.reviewers }, problems: [] };
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

function vaultProblem(error: unknown): Problem {
  if (!(error instanceof VaultError)) throw error;
  return { file: "Vault", message: error.message, hint: error.hint };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
