import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type RunnerSettings, renderRunner, SERVICE, STACK } from "../../components/bootstrap/runner/compose.ts";
import { OWN_SIGN_IN, RUNNER_SECRETS } from "../../components/bootstrap/runner/secrets.ts";
import { type Problem, sortProblems } from "../../components/compose/problem.ts";
import { MIN_KEY_LENGTH } from "../../components/platform/keys.ts";
import { servicePath, type VaultLayout } from "../../components/vault/api/paths.ts";
import type { RawConfig } from "../config/raw-config.ts";
import { bootstrapClashes } from "../plan.ts";
import { findBackend, planBackend } from "./backend.ts";
import { readSettings } from "./config.ts";
import { joinHosts, planInClear } from "./in-clear.ts";
import {
  checkSecrets,
  type DokployAddress,
  type GithubPlan,
  lookAtGithub,
  reachVault,
  readDokploy,
  type VaultReached,
} from "./look-up.ts";
import { chooseRelease, type Release, readCheckout } from "./release.ts";
import type { BootstrapSettings } from "./settings.ts";
import { readVaultStacks, type StackAccess } from "./vault-stacks.ts";

/** All that is to be set up, before anything is registered. */
export interface BootstrapPlan {
  settings: BootstrapSettings;
  /** The master key. */
  key: string;
  /** Name of the project on Dokploy, and first part of every path in Vault. */
  project: string;
  dokploy: DokployAddress;
  vault: VaultReached;
  layout: VaultLayout;
  /** Stacks whose secrets live in Vault. */
  access: StackAccess;
  /** KV v2 path of the runner's secret, and what it has to hold. */
  secrets: { path: string; names: string[] };
  /** What the image is built from; undefined when one is used that was pushed already. */
  release: Release | undefined;
  github: GithubPlan | undefined;
  /** What people should know of where the state is. */
  note: string | undefined;
  /** The runner's compose file, and all of its settings that are known now. */
  runner: { text: string; settings: Omit<RunnerSettings, "image" | "signIn"> };
}

/** Where everything is read from. */
export interface BootstrapSources {
  raw: RawConfig;
  env: NodeJS.ProcessEnv;
  /** Folder of the checkout. */
  folder: string;
}

/** Looks at all that the bootstrap stack depends on, in the config, this checkout, Vault and GitHub, and changes nothing. All problems at once. */
export async function planBootstrap({
  raw,
  env,
  folder,
}: BootstrapSources): Promise<{ plan?: BootstrapPlan; problems: Problem[] }> {
  const { settings, sections, problems } = readSettings(raw);
  const found: Problem[] = [...problems, ...bootstrapClashes(raw)];
  const take = <T extends { problems: readonly Problem[] }>(answer: T): T => {
    found.push(...answer.problems);
    return answer;
  };

  const project = String(raw.values["dokploy:project"] ?? "platform");
  const layout = { project, kv: sections.vault?.kv ?? "secret", approle: sections.vault?.approle ?? "approle" };
  const { plan: backend } = take(planBackend(findBackend(env), sections.runner?.secrets ?? []));
  // What the runner may reach in clear this laptop may as well.
  const allowed = joinHosts([env.ALLOW_INSECURE, sections.runner?.env.ALLOW_INSECURE]);
  const reaching = { ...env, ALLOW_INSECURE: allowed };
  const { dokploy } = take(readDokploy(raw, reaching));
  const { access } = take(readVaultStacks(layout));
  found.push(...checkKey(env.PLATFORM_KEY));
  found.push(...(sections.image ? checkPasswords(sections.image, env) : []));
  const { release } = sections.image?.use ? {} : take(chooseRelease(readCheckout(folder)));
  const [{ vault }, { github }] = await Promise.all([
    reachVault(raw, reaching).then(take),
    sections.github ? lookAtGithub(raw, sections.github, env.GITHUB_TOKEN, allowed).then(take) : { github: undefined },
  ]);
  if (!settings || !backend || !dokploy || !vault) return { problems: sortProblems(found) };

  const path = settings.runner.kept ? `${layout.kv}/data/${settings.runner.kept}` : servicePath(layout, STACK, SERVICE);
  const more = [...new Set([...settings.runner.secrets, ...backend.secrets])].sort();
  const names = [...RUNNER_SECRETS, ...more];
  const { existing } = settings.vault;
  const own = settings.runner.env;
  const addresses = {
    DOKPLOY_URL: own.DOKPLOY_URL ?? dokploy.url,
    VAULT_ADDR: own.VAULT_ADDR,
    [`${raw.file}: vault:address`]: vault.address,
  };
  const inClear = take(planInClear(addresses, { own: own.ALLOW_INSECURE, allowed }));
  const asked = { path, names, unwanted: backend.unwanted, env, existing, allowed: inClear.allowed };
  found.push(...(await checkSecrets(vault.client, asked)));

  const usesVault = Object.keys(access).length > 0;
  const runner = {
    text: readFileSync(join(folder, "components/bootstrap/runner/compose.yaml"), "utf8"),
    settings: {
      memory: settings.runner.memory,
      env: {
        ...backend.env,
        DOKPLOY_URL: dokploy.url,
        GIT_BRANCH: settings.runner.branch,
        ...(usesVault && { VAULT_ADDR: vault.address }),
        ...settings.runner.env,
        ...(inClear.allowed !== "" && { ALLOW_INSECURE: inClear.allowed }),
      },
      secrets: usesVault ? [...more, ...OWN_SIGN_IN] : more,
      vault: { address: vault.address, approle: layout.approle, path },
    },
  };
  // With stand-ins for what only the update tells.
  take(renderRunner(runner.text, { ...runner.settings, image: "stand-in:v0.0.0", signIn: "0000000000000000" }));
  if (found.length > 0) return { problems: sortProblems(found) };
  const key = env.PLATFORM_KEY ?? "";
  const secrets = { path, names };
  return {
    plan: {
      settings,
      key,
      project,
      dokploy,
      vault,
      layout,
      access,
      secrets,
      release,
      github,
      note: [backend.note, inClear.note].filter(Boolean).join("\n") || undefined,
      runner,
    },
    problems: [],
  };
}

function checkKey(key: string | undefined): Problem[] {
  if (key !== undefined && key.length >= MIN_KEY_LENGTH) return [];
  const message = key === undefined ? "is not set" : `is shorter than ${MIN_KEY_LENGTH} characters`;
  const hint = "the one of your environments; the first time make one with `openssl rand -base64 32` and keep it safe";
  return [{ file: "PLATFORM_KEY", message, hint }];
}

function checkPasswords(image: BootstrapSettings["image"], env: NodeJS.ProcessEnv): Problem[] {
  const needed: [string, string | undefined][] = [
    ["REGISTRY_PASSWORD", image.use ? undefined : image.push],
    ["REGISTRY_PULL_PASSWORD", image.pull],
  ];
  return needed.flatMap(([name, user]) => {
    if (user === undefined || env[name]) return [];
    return [{ file: name, message: `is not set, and the registry wants one of ${user}`, hint: "set it for this run" }];
  });
}
