import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TAG_KEY } from "../../components/bootstrap/github/tag-key.ts";
import {
  engineCompany,
  type RunnerSettings,
  renderRunner,
  SERVICE,
  STACK,
} from "../../components/bootstrap/runner/compose.ts";
import { DOOR_SECRETS, isEngineSecret } from "../../components/bootstrap/runner/secrets.ts";
import { printAllowed } from "../../components/compose/house/notes.ts";
import { type Problem, sortProblems } from "../../components/compose/problem.ts";
import { MIN_KEY_LENGTH } from "../../components/platform/keys.ts";
import type { SignInLimits } from "../../components/vault/access/sign-in-limits.ts";
import { servicePath, type VaultLayout } from "../../components/vault/api/paths.ts";
import type { RawConfig } from "../config/raw-config.ts";
import { bootstrapClashes } from "../plan.ts";
import { findBackend, planBackend } from "./backend.ts";
import { checkSecrets, type WantedSecret } from "./check-secrets.ts";
import { readSettings } from "./config.ts";
import { checkEngines, deployedStacks, type EnginePlan, planEngines } from "./engines.ts";
import { joinHosts, planInClear } from "./in-clear.ts";
import {
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
  /** What bounds the sign-ins of their services. */
  limits: Record<string, SignInLimits>;
  /** The door's secret. */
  secrets: WantedSecret;
  /** One for each stack. */
  engines: EnginePlan[];
  /** What the image is built from; undefined when one is used that was pushed already. */
  release: Release | undefined;
  github: GithubPlan | undefined;
  /** What people should know, e.g. of where the state is. */
  notes: string[];
  /** What the runner's compose file allows itself beyond its containers. */
  allows: string[];
  /** The runner's compose file, and all of the door's settings that are known now. */
  runner: { text: string; settings: Omit<RunnerSettings, "image" | "signIn" | "engines"> };
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
  const { access, limits } = take(readVaultStacks(layout));
  const stacks = deployedStacks(folder);
  found.push(...checkEngines(raw, stacks, sections.runner));
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
  const doors = more.filter((name) => !isEngineSecret(name));
  // The key is the workflows' own; the door does not get it.
  const secrets = { path, names: [...DOOR_SECRETS, ...doors, ...(settings.github?.tagMakers ? [TAG_KEY] : [])] };
  const inClear = take(
    planInClear(addressesOf(settings.runner, dokploy, vault), { own: settings.runner.env.ALLOW_INSECURE, allowed }),
  );
  const own = { ...settings.runner.env, ...(inClear.allowed !== "" && { ALLOW_INSECURE: inClear.allowed }) };
  const engines = planEngines(stacks, {
    layout,
    runner: { ...settings.runner, env: own },
    env: { ...backend.env, DOKPLOY_URL: dokploy.url },
    secrets: more.filter(isEngineSecret),
    vaultAddress: vault.address,
    inVault: Object.keys(access),
  });
  const { notes } = take(
    await checkSecrets(vault.client, {
      door: secrets,
      engines: engines.map(({ settings: { stack, path }, names }) => ({ stack, path, names })),
      unwanted: backend.unwanted,
      env,
      existing: settings.vault.existing,
      allowed: inClear.allowed,
    }),
  );

  const runner = {
    text: readFileSync(join(folder, "components/bootstrap/runner/compose.yaml"), "utf8"),
    settings: {
      memory: settings.runner.doorMemory,
      env: { GIT_BRANCH: settings.runner.branch, ...own },
      secrets: doors,
      vault: { address: vault.address, approle: layout.approle, path },
    },
  };
  // With stand-ins for what only the update tells.
  const signIn = "0".repeat(16);
  const planned = engines.map((engine) => ({ ...engine.settings, signIn }));
  const rendered = take(
    renderRunner(runner.text, { ...runner.settings, engines: planned, image: "stand-in:v0.0.0", signIn }),
  );
  if (found.length > 0) return { problems: sortProblems(found) };
  const key = env.PLATFORM_KEY ?? "";
  return {
    plan: {
      settings,
      key,
      project,
      dokploy,
      vault,
      layout,
      access,
      limits,
      secrets,
      engines,
      release,
      github,
      notes: [
        ...(backend.note ? [backend.note] : []),
        ...(inClear.note ? [inClear.note] : []),
        ...notes,
        ...noteCompany(engineCompany(planned)),
      ],
      allows: rendered.notes.flatMap(printAllowed),
      runner,
    },
    problems: [],
  };
}

function noteCompany(stacks: readonly string[]): string[] {
  if (stacks.length === 0) return [];
  return [
    `The engine workers of ${stacks.join(", ")} share a network with the runner's door, as Dokploy or Vault is the name of a container there. What runs in them reaches its port, though it can sign nothing. With addresses that have a domain (\`bootstrap:runner.env.DOKPLOY_URL\`, \`vault:address\`) they are apart`,
  ];
}

/** The addresses of Dokploy and Vault that containers get, by what names them. */
function addressesOf(
  { env, engines }: BootstrapSettings["runner"],
  dokploy: DokployAddress,
  vault: VaultReached,
): Record<string, string | undefined> {
  const workers = Object.entries(engines).flatMap(([stack, { env: own }]) =>
    ["DOKPLOY_URL", "VAULT_ADDR"].map((name) => [`${name} of ${stack}`, own[name]]),
  );
  return {
    ...{ DOKPLOY_URL: env.DOKPLOY_URL ?? dokploy.url, VAULT_ADDR: env.VAULT_ADDR, "vault:address": vault.address },
    ...Object.fromEntries(workers),
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
