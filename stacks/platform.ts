import * as pulumi from "@pulumi/pulumi";
import { networkName } from "../components/compose/networks.ts";
import { prometheusConnection } from "../components/dokploy/api/checks/prometheus.ts";
import { Environment, type OwnerArgs } from "../components/dokploy/resources.ts";
import { isPrometheus } from "../components/dokploy/rules/checks/check.ts";
import { ServiceError } from "../components/dokploy/rules/service-error.ts";
import { loadChecks } from "../components/platform/checks/checks.ts";
import { ownerId } from "../components/platform/keys.ts";
import { type Deliver, PlatformService } from "../components/platform/platform-service.ts";
import { readEngineConfig } from "./config/engine-config.ts";
import { planStack, printProblems, type StackPlan } from "./plan.ts";

/** Registers a platform stack, after all of it was planned. Rejects with every problem at once before the first resource. */
export async function platform(stack: string): Promise<{ services: string[] }> {
  const { plan, problems } = planStack(stack, readEngineConfig(stack), process.env.PLATFORM_KEY);
  if (!plan) throw new pulumi.RunError(printProblems(stack, problems));
  const { config } = plan;
  requirePrometheus(plan);
  const deliver = await openVault(plan);
  const makeChecks = await loadChecks(
    config,
    plan.services.flatMap(({ ownChecks }) => ownChecks),
  );
  const owner: OwnerArgs = { project: pulumi.getProject(), stack, keyId: ownerId(config.key, stack) };
  // The first resource holds a secret, though this is none: the engine notices a wrong passphrase only once state has one to decrypt.
  const sealed = pulumi.secret(owner);
  const environment = new Environment("environment", {
    project: config.project,
    name: stack,
    owner: sealed,
    network: networkName(config.suffix),
  });
  const services = new Map<string, PlatformService>();
  for (const each of plan.services) {
    const needs = each.needs.flatMap((name) => services.get(name) ?? []);
    const { disposable, guarded, keepsRoutes } = config;
    const args = {
      plan: each,
      environment,
      owner,
      needs,
      deliver,
      makeChecks,
      disposable,
      keepsRoutes,
      guarded: guarded.has(each.name),
    };
    services.set(each.name, new PlatformService(each.name, args));
  }
  return { services: [...services.keys()] };
}

/** Refuses a stack that asks Prometheus without knowing where it is: before the first resource. */
function requirePrometheus({ config, services }: StackPlan): void {
  const asking = services.filter(({ checks }) => checks.some(isPrometheus)).map(({ name }) => name);
  if (asking.length === 0) return;
  const values = pulumi.runtime.allConfig();
  try {
    prometheusConnection({ get: (name) => values[name] });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { message, hint } = error;
    throw new pulumi.RunError(printProblems(config.stack, [{ file: `checks of ${asking.join(", ")}`, message, hint }]));
  }
}

/** How services get their secrets where they live in Vault. Loaded only there: the SDK of its provider is large. */
async function openVault({ config, services }: StackPlan): Promise<Deliver | undefined> {
  if (!config.vault) return undefined;
  const [{ openVaultDelivery }, { vaultConnection }, { printVaultError, VaultError }] = await Promise.all([
    import("../components/vault/deliver.ts"),
    import("../components/vault/api/connection.ts"),
    import("../components/vault/api/errors.ts"),
  ]);
  const { stack, key, vault } = config;
  try {
    const values = pulumi.runtime.allConfig();
    const connection = vaultConnection({ get: (name) => values[name] });
    const users = services.filter((service) => service.vault).map(({ name }) => name);
    const { deliver, missing } = await openVaultDelivery({ connection, ...vault, stack, key, services: users });
    const problems = missing.map(({ message, hint }) => ({ file: "Vault", message, hint }));
    if (problems.length > 0) throw new pulumi.RunError(printProblems(stack, problems));
    return deliver;
  } catch (error) {
    if (error instanceof VaultError) throw new pulumi.RunError(printVaultError(error));
    throw error;
  }
}
