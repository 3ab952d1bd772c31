import type { FoundFile } from "../compose/context.ts";
import type { NoteProblem } from "../compose/house/notes.ts";
import type { Problem } from "../compose/problem.ts";
import type { CheckInput } from "../dokploy/rules/checks/check.ts";
import type { GivenDrift } from "../dokploy/rules/drift-policy.ts";
import type { VaultPlan, VaultSettings } from "../vault/plan.ts";
import type { Check } from "./checks/checks.ts";
import type { ConfigProblem } from "./draft.ts";
import type { MadeName, NameSpace } from "./names/name.ts";
import type { Service } from "./service.ts";

/** One stack as its config describes it. */
export interface StackSettings {
  stack: string;
  domain: string;
  suffix: string;
  /** The stack's master key (`PLATFORM_KEY`). */
  key: string;
  /** Names of the services that run here. */
  services: readonly string[];
  /** `platform:<service>` as it was written, by service. */
  settings: Readonly<Record<string, unknown>>;
  /**
   * `platform:<service>` of those that hold a Pulumi secret, with a stand-in for everything in it that does not stand in clear in the
   * stack's file.
   */
  masked?: Readonly<Record<string, unknown>>;
  /** `platform:drift`. */
  drift?: GivenDrift | undefined;
  /** Where secrets live, when not in Dokploy's env. */
  vault?: VaultSettings | undefined;
  /** Name of the project on Dokploy. Default `platform`. */
  project?: string;
  /** Addresses of the Dokploy server. Default: not known, so that it may be any. */
  server?: NameSpace;
}

/** What the plan needs from outside. */
export interface PlanSources {
  catalogue: readonly Service[];
  /** Reads a file of a service's folder. */
  readFile(service: string, path: string): FoundFile;
  configProblem: ConfigProblem;
}

/** A way in, as Dokploy wants it. */
export interface Domain {
  host: string;
  /** Key of the container in the text for Dokploy. */
  service: string;
  port: number;
  path?: string;
  https: boolean;
  certificate: "letsencrypt";
}

/** All that is to be registered for one service. Two plans of the same input are equal, byte for byte. */
export interface ServicePlan {
  name: string;
  /** Services of the stack that it waits for. */
  needs: string[];
  /** With `vault`, a template: what is put into it is known only when Vault holds the values. */
  composeFile: string;
  /** Plain env. */
  env: Record<string, string>;
  /** Names in `env` whose values depend on a Pulumi secret of the settings; undefined when there is none, or nobody knows where. */
  hidden?: string[];
  /** Env whose values are secrets. */
  secretEnv: Record<string, string>;
  /** What Vault has to hold, and who the service's agent is there. */
  vault?: VaultPlan;
  domains: Domain[];
  /** What the provider asks after a deployment. */
  checks: CheckInput[];
  /** What is checked after it by resources of their own. */
  ownChecks: Check[];
  /** Its first user, where it has users, and the secret that is the password. */
  login?: { user?: string; secret: string };
  /** Volumes it must not lose, by key. */
  data: string[];
  /** Seconds for one stage. */
  waitTimeout: number;
  stages: number;
  /** Whether to take over a Compose project of this name that is not ours. */
  adopt: boolean;
  /** Parts that may differ from this (`platform:drift`); absent where there is none. */
  ignore?: string[];
  /** What its file allows itself beyond its containers, a line each; absent where that is nothing. */
  allows?: string[];
}

/** What planning services comes to. */
export interface PlannedServices {
  services: ServicePlan[];
  problems: Problem[];
  /** What is unusual and still right. */
  notes: NoteProblem[];
  /** All that the stack names, as far as its files can be read. */
  names: MadeName[];
  /** What is wrong with a value that somebody wants to give for a secret; nothing for a service that does not run here. */
  refuseValue(service: string, name: string, value: string): Problem[];
}
