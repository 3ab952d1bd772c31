import * as pulumi from "@pulumi/pulumi";
import { Compose, type Environment, type OwnerArgs } from "../dokploy/resources.ts";
import type { MakeChecks } from "./checks/checks.ts";
import type { ServicePlan } from "./plan.ts";

/** What a planned service needs to become resources. */
export interface PlatformServiceArgs {
  plan: ServicePlan;
  environment: Environment;
  /** Written into the description of what is made on Dokploy, so that it is found again and nobody else's is touched. */
  owner: OwnerArgs;
  /** The services it waits for. A failed one leaves this one out, but the service itself is registered all the same. */
  needs: readonly PlatformService[];
  /** Brings secrets from where they live. Default: their values are in the plan. */
  deliver?: Deliver | undefined;
  /** Needed where the plan has checks that are resources of their own. */
  makeChecks?: MakeChecks | undefined;
  /** Whether the service may be deleted with its data (`platform:data`). Default false. */
  disposable?: boolean;
  /** Whether routes that people made by hand in Dokploy stay (`platform:routes`). Default false. */
  keepsRoutes?: boolean;
  /** Whether the plain env may hold something from a Pulumi secret: what the plan says is hidden, or all of it. Default false. */
  guarded?: boolean;
}

/** What a service's text and env become when its secrets are elsewhere than in the plan. */
export type Deliver = (
  parent: PlatformService,
  plan: ServicePlan,
  /** Whether the service stays when it is taken out of the program. */
  retain: boolean,
) => { composeFile: pulumi.Input<string>; env: Record<string, pulumi.Input<string>> };

/** One service of the platform: one Compose project on Dokploy. Its name is the service's. */
export class PlatformService extends pulumi.ComponentResource {
  /** The Compose project. */
  declare readonly compose: Compose;

  constructor(name: string, args: PlatformServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    // Without inputs: the engine would store them on the component once more.
    super("dockmaster:platform:Service", name, {}, opts);
    const { plan, environment, owner, needs, deliver = fromPlan } = args;
    // In every preview and update: `automation/domain/allows.ts` reads it there.
    for (const note of plan.allows ?? []) pulumi.log.warn(note, this);
    const retain = plan.data.length > 0 && !args.disposable;
    const delivered = deliver(this, plan, retain);
    const env = args.guarded ? guard(plan) : plan.env;
    this.compose = new Compose(
      name,
      {
        environmentId: environment.environmentId,
        name,
        owner,
        service: name,
        composeFile: delivered.composeFile,
        env: { ...env, ...delivered.env },
        domains: plan.domains,
        checks: plan.checks,
        waitTimeout: plan.waitTimeout,
        stages: plan.stages,
        adopt: plan.adopt,
        ...(args.keepsRoutes ? { routes: "any" as const } : {}),
        ...(args.disposable ? { disposable: true } : {}),
        ...(plan.ignore ? { ignore: plan.ignore } : {}),
      },
      {
        parent: this,
        // On the inner resource only: the engine sends no event for what it leaves out, so the component tells that the service exists.
        dependsOn: needs.map((other) => other.compose),
        retainOnDelete: retain,
      },
    );
    // The text tells of the secrets by their fingerprints, so their values are left out of what decides.
    const { composeFile } = delivered;
    const deployed = { name, parent: this, compose: this.compose, composeFile, env, domains: plan.domains };
    const guardText = (text: string) => (args.guarded ? pulumi.secret(text) : text);
    args.makeChecks?.({ ...deployed, guard: guardText }, plan.ownChecks);
    // Who runs the update is told it; the engine hands on no other thing of a program.
    this.registerOutputs(plan.login ? { login: plan.login } : {});
  }
}

function fromPlan(_parent: PlatformService, { composeFile, secretEnv }: ServicePlan): ReturnType<Deliver> {
  return { composeFile, env: asSecrets(secretEnv) };
}

function guard({ env, hidden = Object.keys(env) }: ServicePlan): Record<string, pulumi.Input<string>> {
  return { ...env, ...asSecrets(Object.fromEntries(Object.entries(env).filter(([key]) => hidden.includes(key)))) };
}

function asSecrets(env: Readonly<Record<string, string>>): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(Object.entries(env).map(([key, value]) => [key, pulumi.secret(value)]));
}
