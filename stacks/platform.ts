import * as pulumi from "@pulumi/pulumi";
import { Environment, type OwnerArgs } from "../components/dokploy/resources.ts";
import { ownerId } from "../components/keys.ts";
import { PlatformService } from "../components/platform-service.ts";
import { planStack, printProblems } from "./plan.ts";
import { fromEngine, type RawConfig } from "./raw-config.ts";
import { fromStackFile, readStackFile } from "./stack-file.ts";

/** Registers a platform stack, after all of it was planned. Throws with every problem at once before the first resource. */
export function platform(stack: string): { services: string[] } {
  const { plan, problems } = planStack(stack, readEngineConfig(stack), process.env.PLATFORM_KEY);
  if (!plan) throw new pulumi.RunError(printProblems(stack, problems));
  const { config } = plan;
  const owner: OwnerArgs = { project: pulumi.getProject(), stack, keyId: ownerId(config.key, stack) };
  // The first resource holds a secret, though this is none: the engine notices a wrong passphrase only once state has one to decrypt.
  const sealed = pulumi.secret(owner);
  const environment = new Environment("environment", { project: config.project, name: stack, owner: sealed });
  const services = new Map<string, PlatformService>();
  for (const each of plan.services) {
    const needs = each.needs.flatMap((name) => services.get(name) ?? []);
    const { disposable, guarded } = config;
    const args = { plan: each, environment, owner, needs, disposable, guarded: guarded.has(each.name) };
    services.set(each.name, new PlatformService(each.name, args));
  }
  return { services: [...services.keys()] };
}

function readEngineConfig(stack: string): RawConfig {
  // The SDK has no public way to ask which keys are secrets without reading each of them as an Output.
  const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };
  const file = fromStackFile(stack, readStackFile(stack) ?? "");
  return fromEngine(stack, pulumi.runtime.allConfig(), isConfigSecret, file.raw?.locate);
}
