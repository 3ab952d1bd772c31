import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import { RepositorySettings } from "../components/bootstrap/github/repository.ts";
import { TAG_KEY } from "../components/bootstrap/github/tag-key.ts";
import { PreparedHost } from "../components/bootstrap/host/host.ts";
import { renderRunner, SERVICE, STACK } from "../components/bootstrap/runner/compose.ts";
import { engineAgent } from "../components/bootstrap/runner/engines.ts";
import { RunnerImage } from "../components/bootstrap/runner/image.ts";
import { ensureRegistry, registryOf } from "../components/bootstrap/runner/registry.ts";
import { Runner, type RunnerText, type SignIn } from "../components/bootstrap/runner/runner.ts";
import { storeSecrets } from "../components/bootstrap/runner/store-secrets.ts";
import { DokployError } from "../components/dokploy/api/errors.ts";
import { openTransport } from "../components/dokploy/api/transport.ts";
import { fingerprint, ownerId } from "../components/platform/keys.ts";
import { VaultAccess } from "../components/vault/access/access.ts";
import { mintSecretId } from "../components/vault/access/approle.ts";
import { vaultProvider } from "../components/vault/access/pulumi-provider.ts";
import { ONLY_AGENT } from "../components/vault/agent/agent-request.ts";
import { printVaultError, VaultError } from "../components/vault/api/errors.ts";
import { engineRoleName, roleName } from "../components/vault/api/paths.ts";
import { type BootstrapPlan, planBootstrap } from "./bootstrap/plan.ts";
import { readLimits } from "./config/config-vault.ts";
import { readEngineConfig } from "./config/engine-config.ts";
import { printProblems } from "./plan.ts";

const FOLDER = join(import.meta.dirname, "..");

/** What the stack answers. */
export interface BootstrapOutputs {
  services: string[];
  /** Address of the runner. */
  url: string;
  /** The image that it runs. */
  image: pulumi.Output<string>;
}

/**
 * Sets up the runner, door and engine workers, Vault's mounts and policies and the GitHub repository. Run by people only: the runner must not restart itself,
 * nor write the policies that bind it. Rejects with every problem at once before the first resource.
 */
export async function bootstrap(): Promise<BootstrapOutputs> {
  const { plan, problems } = await planBootstrap({ raw: readEngineConfig(STACK), env: process.env, folder: FOLDER });
  if (!plan) throw new pulumi.RunError(printProblems(STACK, problems));

  for (const note of plan.notes) pulumi.log.info(note);
  for (const note of plan.allows) pulumi.log.warn(note);
  const host = prepareHost(plan);
  const image = provideImage(plan);
  const access = introduceRunner(plan);
  const runner = deployRunner(plan, image, access, host);
  if (plan.settings.github) setUpGithub(plan, runner.url, access.values);
  return { services: [SERVICE], url: runner.url, image };
}

function prepareHost({ settings }: BootstrapPlan): PreparedHost | undefined {
  const privateKey = process.env.HOST_SSH_KEY;
  return settings.host && new PreparedHost("host", { ...settings.host, ...(privateKey && { privateKey }) });
}

const SCAN_HINT = "install Trivy (https://trivy.dev), or name an image that CI scanned as bootstrap:image.use";

/** Whether a program is on PATH. */
function isInstalled(program: string): boolean {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** The image's full reference: built from this checkout, or the one that was pushed already. */
function provideImage({ settings, release }: BootstrapPlan): pulumi.Output<string> {
  const { repository, use = "", platform, push, scan = isInstalled("trivy") } = settings.image;
  if (!release) return pulumi.output(`${repository}${use.startsWith("sha256:") ? "@" : ":"}${use}`);
  const login = push ? { username: push, password: process.env.REGISTRY_PASSWORD ?? "" } : undefined;
  if (!scan) pulumi.log.warn(`the image is pushed without a look for known holes: ${SCAN_HINT}`);
  const args = { folder: FOLDER, repository, platform, scan, ...release, ...(login && { login }) };
  return new RunnerImage("image", args).reference;
}

/** Who an agent is at Vault. */
interface Agent extends SignIn {
  /** Changes with the sign-in. */
  mark: pulumi.Output<string>;
}

/** Who the agents are, and what the door's secret holds. */
interface Introduction {
  door: Agent;
  /** By stack. */
  engines: Record<string, Agent>;
  /** Known once every secret is in Vault. */
  values: pulumi.Output<Record<string, string>>;
}

function introduceRunner(plan: BootstrapPlan): Introduction {
  const { settings, vault, layout, access, engines, project, key } = plan;
  const limits = readLimits(settings.vault);
  const { approle: mount, kv } = settings.vault;
  const { kept, signIn: rotation } = settings.runner;
  const provider = vaultProvider("vault", vault.connection);
  const signingIn = engines.filter(({ signsIn }) => signsIn).map(({ settings }) => settings);
  const half = new VaultAccess(
    "access",
    {
      project,
      kv,
      approle: mount,
      stacks: {
        ...access,
        [STACK]: {
          [SERVICE]: kept === undefined ? {} : { kept },
          ...Object.fromEntries(engines.map(({ settings: { name } }) => [name, {}])),
        },
      },
      engines: Object.fromEntries(signingIn.map(({ name, stack }) => [name, stack])),
      limits: { ...plan.limits, [STACK]: limits },
      engineLimits: limits,
      existingMounts: settings.vault.existing,
    },
    { providers: [provider] },
  );
  const after = { provider, dependsOn: [half] };
  const introduce = (service: string, env: SignIn["env"]): Agent => {
    const role = roleName(layout, STACK, service);
    const { secretId, accessor } = mintSecretId(`${service}-agent`, { role, mount, rotation, limits }, after);
    const roleId = accessor.apply(() => plainly(async () => (await vault.client.readRoleId(mount, role)) ?? ""));
    const mark = pulumi.all([roleId, accessor]).apply(([id, other]) => fingerprint(key, STACK, { id, other }));
    return { roleId, secretId, env, mark };
  };
  const door = introduce(SERVICE, ONLY_AGENT.env);
  const agents = engines.map(
    ({ settings: { stack, name } }) => [stack, introduce(name, engineAgent(name).env)] as const,
  );
  const minted = signingIn.map(({ name }) => {
    const { secretId } = mintSecretId(name, { role: engineRoleName(layout, name), mount, rotation, limits }, after);
    const own = { VAULT_ROLE_ID: half.engineRoleIds[name] ?? "", VAULT_SECRET_ID: pulumi.secret(secretId) };
    return pulumi.all(own).apply((ids): [string, Record<string, string>] => [name, ids]);
  });
  // The secret ids come after all of Vault's half, so mounts and roles are there by now.
  const known = pulumi.all([pulumi.all(minted), door.mark, pulumi.all(agents.map(([, { mark }]) => mark))]);
  const values = known.apply(([ids]) => plainly(() => storeAll(plan, new Map(ids))));
  return { door, engines: Object.fromEntries(agents), values: pulumi.secret(values) };
}

/** Completes every secret of the runner in Vault, the workers' from what the runner had before it had any. Answers the door's values. */
async function storeAll(
  { vault: { client }, secrets, engines }: BootstrapPlan,
  minted: ReadonlyMap<string, Record<string, string>>,
): Promise<Record<string, string>> {
  const common = { env: process.env, write: !pulumi.runtime.isDryRun() };
  const values = await storeSecrets(client, { ...secrets, ...common, own: {} });
  for (const { settings, names } of engines) {
    const { name, stack, path } = settings;
    await storeSecrets(client, { path, names, ...common, stack, before: values, own: minted.get(name) ?? {} });
  }
  return values;
}

function deployRunner(
  plan: BootstrapPlan,
  image: pulumi.Output<string>,
  { door, engines, values }: Introduction,
  host: PreparedHost | undefined,
): Runner {
  const { settings, key, project, dokploy, runner } = plan;
  const { pull, repository } = settings.image;
  const login = async () => {
    if (!pull || pulumi.runtime.isDryRun()) return;
    const password = process.env.REGISTRY_PULL_PASSWORD ?? "";
    const transport = openTransport(dokploy);
    const server = registryOf(repository);
    await plainly(() => ensureRegistry(transport, { server, username: pull, password })).finally(transport.close);
  };
  const signedIn = pulumi.output(host?.report).apply(login);
  const marks = pulumi.all(Object.fromEntries(Object.entries(engines).map(([stack, { mark }]) => [stack, mark])));
  // Deployed only when the image is there, Dokploy may pull it, and its secrets are in Vault.
  const ready = pulumi.all([signedIn, values]).apply(() => true);
  const text = pulumi
    .all([image, door.mark, marks, pulumi.unsecret(ready)])
    .apply(([reference, signIn, theirs]): RunnerText => {
      const workers = plan.engines.map(({ settings }) => ({ ...settings, signIn: theirs[settings.stack] ?? "" }));
      const own = { ...runner.settings, image: reference, signIn, engines: workers };
      const { rendered, problems } = renderRunner(runner.text, own);
      if (!rendered) throw new pulumi.RunError(printProblems(STACK, problems));
      return {
        composeFile: rendered.text,
        env: rendered.env,
        container: rendered.containers[SERVICE] ?? SERVICE,
        stages: rendered.stages,
      };
    });
  const address = `iac.${settings.domain}`;
  // The first certificate takes a while.
  const { checks = [{ url: `https://${address}/health/live`, attempts: 40 }], waitTimeout, adopt } = settings.runner;
  return new Runner(SERVICE, {
    project,
    owner: { project: pulumi.getProject(), stack: STACK, keyId: ownerId(key, STACK) },
    text,
    signIns: [door, ...Object.values(engines)],
    host: address,
    checks,
    waitTimeout,
    adopt,
  });
}

function setUpGithub(
  { settings, github: found }: BootstrapPlan,
  url: string,
  values: pulumi.Output<Record<string, string>>,
): void {
  if (!settings.github || !found) return;
  const { repository, api, trigger, waitMinutes, approvals, checks } = settings.github;
  for (const message of found.missing) pulumi.log.warn(message);
  const baseUrl = `${api.replace(/\/+$/, "").replace(/\/api\/v3$/, "")}/`;
  // Left out it would be taken from the environment all the same, and be kept in the state in clear.
  const token = pulumi.secret(process.env.GITHUB_TOKEN ?? "");
  const provider = new github.Provider("github", { owner: repository.split("/")[0] ?? "", baseUrl, token });
  const { branch } = settings.runner;
  const { features, reviewers, tagMakers } = found;
  const has = (name: string) => settings.runner.secrets.includes(name);
  // While one is rotated there are two; GitHub signs with the first.
  const first = (name: string) => values.apply(({ [name]: value = "" }) => value.split(",")[0]?.trim() ?? "");
  const args = {
    ...{ repository, branch, url, trigger, features, reviewers, waitMinutes, approvals, checks },
    webhookSecret: first("WEBHOOK_SECRET"),
    ...(has("PRODUCTION_SECRET") && { productionSecret: first("PRODUCTION_SECRET") }),
    ...(has("PREVIEW_SECRET") && { previewSecret: first("PREVIEW_SECRET") }),
    ...(tagMakers && { tags: { makers: tagMakers, key: values.apply(({ [TAG_KEY]: key = "" }) => key) } }),
  };
  new RepositorySettings("github", args, { providers: [provider] });
}

/** Foreign errors in words; a program's other mistakes show their stack. */
async function plainly<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof VaultError) throw new pulumi.RunError(printVaultError(error));
    if (error instanceof DokployError) throw new pulumi.RunError(`${error.message} (${error.hint})`);
    throw error;
  }
}
