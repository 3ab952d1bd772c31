import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, shimText } from "../engine/dynamic-resource.ts";
import type { CheckInput } from "./rules/checks/check.ts";

/** Who owns the objects of a stack. */
export interface OwnerArgs {
  /** Name of the platform's Pulumi project. */
  project: string;
  stack: string;
  /** 16 hexadecimal digits, derived from PLATFORM_KEY and the stack. */
  keyId: string;
}

export interface EnvironmentArgs {
  /** Name of the project in Dokploy; found by name or created. Changing it is refused. */
  project: pulumi.Input<string>;
  /** Name of the environment in that project; found by name or created. Changing it is refused. */
  name: pulumi.Input<string>;
  owner: pulumi.Input<OwnerArgs>;
  /** Name of the Docker network on which the environment's services talk; made when it is missing. Default none. */
  network?: pulumi.Input<string>;
}

export interface DomainArgs {
  host: string;
  /** Key of the service in the compose file. */
  service: string;
  /** Port inside the container. */
  port: number;
  /** Only requests below this path. Default "/". */
  path?: string;
  /** Default true. */
  https?: boolean;
  /** Default "letsencrypt" with https, else "none". */
  certificate?: "letsencrypt" | "none";
  /** Takes `path` away before the request reaches the container. Default false. */
  stripPath?: boolean;
  /** Put before the path on the way to the container. Default "/". */
  internalPath?: string;
}

export interface ComposeArgs {
  environmentId: pulumi.Input<string>;
  /** Name in Dokploy. Changing it renames, nothing restarts. */
  name: pulumi.Input<string>;
  owner: pulumi.Input<OwnerArgs>;
  /** Name of the service in the platform. */
  service: pulumi.Input<string>;
  /** Self-contained compose text. A changed definition of an existing volume is refused. */
  composeFile: pulumi.Input<string>;
  /** Values for `${KEY}` in the compose file; secret where the program says so. */
  env: pulumi.Input<Record<string, pulumi.Input<string>>>;
  domains?: pulumi.Input<DomainArgs[]>;
  checks?: pulumi.Input<CheckInput[]>;
  /** Seconds that Compose waits for health, per stage. Default 120. */
  waitTimeout?: pulumi.Input<number>;
  /** Depth of `depends_on` + 1. Default 1. */
  stages?: pulumi.Input<number>;
  /** Takes over a compose of this name that is not ours. Default false. */
  adopt?: pulumi.Input<boolean>;
  /** `any` leaves routes that people made by hand in Dokploy, and reports them. Default: the next update takes them away. */
  routes?: pulumi.Input<"any">;
  /** Lets containers start without data that they have: for throw-away stacks. Default false. */
  disposable?: pulumi.Input<boolean>;
  /** Parts that may differ from this, by the names that `drift` has: hands may change them, and updates leave them. Default none. */
  ignore?: pulumi.Input<string[]>;
}

/** What state keeps of the provider. */
export const shims = {
  environment: shimText("#dokploy", "Environment", ["diff", "create", "read", "update", "delete"]),
  compose: shimText("#dokploy", "Compose", ["check", "diff", "create", "read", "update", "delete"]),
};

/** An environment of a Dokploy project: where a stack's services live. It verifies the server and never deletes what it did not make. */
export class Environment extends DynamicResource {
  declare readonly environmentId: pulumi.Output<string>;
  declare readonly projectId: pulumi.Output<string>;
  declare readonly organizationId: pulumi.Output<string>;
  declare readonly serverUrl: pulumi.Output<string>;

  constructor(name: string, args: EnvironmentArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = ["environmentId", "projectId", "organizationId", "serverUrl"];
    super(shims.environment, "dokploy:Environment", name, { ...args }, outputs, opts);
  }
}

/** One service: a Compose project on Dokploy with its routes, deployed and verified. Nothing ever replaces it; volumes always stay. */
export class Compose extends DynamicResource {
  declare readonly composeId: pulumi.Output<string>;
  /** Compose project name, chosen by Dokploy. */
  declare readonly appName: pulumi.Output<string>;
  /** Title of the last deployment, like no other. */
  declare readonly deployment: pulumi.Output<string>;
  /** Whether that deployment, its containers and checks came to a good end. */
  declare readonly deployed: pulumi.Output<boolean>;
  /** What was found changed by hand since the last update, by key. */
  declare readonly drift: pulumi.Output<string[]>;
  /** Routes made by hand, as last seen. */
  declare readonly foreignDomains: pulumi.Output<string[]>;

  constructor(name: string, args: ComposeArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = ["composeId", "appName", "deployment", "deployed", "drift", "foreignDomains"];
    super(shims.compose, "dokploy:Compose", name, { ...args }, outputs, opts);
  }
}
