import * as pulumi from "@pulumi/pulumi";
import * as vault from "@pulumi/vault";
import {
  approleMount,
  engineRoleName,
  kvMount,
  requireNoUnderscore,
  requirePlainName,
  roleName,
  type VaultLayout,
} from "../api/paths.ts";
import { enginePolicy, keptPolicy, servicePolicy, sharedKey } from "./policies.ts";
import { roleLimits, type SignInLimits } from "./sign-in-limits.ts";

/** What one service may read besides its own path. */
export interface ServiceAccess {
  /** Names of others' shared secrets (`shared` of `placeSecrets`). What it shares itself it may read anyway. Default none. */
  shared?: readonly string[];
  /** A path below the KV mount that was there before, e.g. `bootstrap/iac_runner`. Default none. */
  kept?: string;
}

export interface VaultAccessArgs extends VaultLayout {
  /** Stack → service → what it may read. */
  stacks: Readonly<Record<string, Readonly<Record<string, ServiceAccess>>>>;
  /** Engine worker → the stack that it deploys, e.g. `engine-staging` → `staging`. Never the one that holds the runner itself. */
  engines: Readonly<Record<string, string>>;
  /** Stack → what bounds the sign-ins of its services' agents. Default: nothing. */
  limits?: Readonly<Record<string, SignInLimits | undefined>>;
  /** The same for the workers' own. */
  engineLimits?: SignInLimits | undefined;
  /** The mounts are there already and belong to somebody else. Default false: they are made. */
  existingMounts?: boolean;
}

/** Seconds until an agent's token has to be renewed; the agent does so by itself. */
const AGENT_TOKEN_PERIOD = 3_600;
/** Seconds that one sign-in of an engine worker lasts: longer than any update. */
const ENGINE_TOKEN_TTL = 7_200;

/**
 * The privileged half of Vault, for people with an administrator's token: mounts, one templated policy for all services, an entity and
 * a role per service and stack, and a policy and a role for each engine worker. Adding a service needs one more run of it.
 */
export class VaultAccess extends pulumi.ComponentResource {
  /** Engine worker → id of its role; its secret id is minted by whoever sets the runner up. */
  declare readonly engineRoleIds: Record<string, pulumi.Output<string>>;

  constructor(name: string, args: VaultAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dockmaster:vault:Access", name, {}, opts);
    checkNames(args);
    const child = { parent: this };
    const { mount, accessor, dependsOn } = mounts(name, args, child);

    const shared = Object.values(args.stacks).flatMap((services) =>
      Object.values(services).flatMap((one) => one.shared ?? []),
    );
    const services = new vault.Policy(
      `${name}-services`,
      { name: `${args.project}-services`, policy: servicePolicy(args, [...new Set(shared)].sort()) },
      child,
    );
    for (const [stack, members] of Object.entries(args.stacks)) {
      for (const [service, access] of Object.entries(members)) {
        addService(
          name,
          { args, stack, service, access, mount, accessor, policy: services.name },
          { ...child, dependsOn },
        );
      }
    }

    const ids = Object.entries(args.engines).map(([engine, stack]) => {
      return [engine, addEngine(name, engine, stack, args, mount, child)] as const;
    });
    this.engineRoleIds = Object.fromEntries(ids);
    this.registerOutputs({ engineRoleIds: this.engineRoleIds });
  }
}

/** Policy and role of one engine worker; answers the role's id. */
function addEngine(
  name: string,
  engine: string,
  stack: string,
  args: VaultAccessArgs,
  mount: pulumi.Input<string>,
  child: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  // With a dot, as no service's resource has one.
  const own = `${name}.${engine}`;
  const services = Object.keys(args.stacks[stack] ?? {});
  const policy = new vault.Policy(
    own,
    { name: `${args.project}-${engine}`, policy: enginePolicy(args, stack, services) },
    child,
  );
  const role = new vault.approle.AuthBackendRole(
    own,
    {
      backend: mount,
      roleName: engineRoleName(args, engine),
      tokenPolicies: [policy.name],
      tokenTtl: ENGINE_TOKEN_TTL,
      tokenMaxTtl: ENGINE_TOKEN_TTL,
      ...roleLimits(args.engineLimits),
    },
    child,
  );
  return role.roleId;
}

interface Mounts {
  /** The AppRole mount. */
  mount: pulumi.Input<string>;
  accessor: pulumi.Input<string>;
  dependsOn: pulumi.Resource[];
}

function mounts(name: string, args: VaultAccessArgs, child: pulumi.CustomResourceOptions): Mounts {
  const path = approleMount(args);
  if (args.existingMounts) {
    const found = vault.getAuthBackendOutput({ path }, child);
    return { mount: path, accessor: found.accessor, dependsOn: [] };
  }
  // Without its mount every secret is gone, so it stays even when this component is destroyed.
  const kv = new vault.Mount(
    `${name}-kv`,
    { path: kvMount(args), type: "kv", options: { version: "2" }, description: "Secrets of the platform" },
    { ...child, retainOnDelete: true },
  );
  const approle = new vault.AuthBackend(`${name}-approle`, { type: "approle", path }, child);
  return { mount: approle.path, accessor: approle.accessor, dependsOn: [kv] };
}

interface ServiceEntry {
  args: VaultAccessArgs;
  stack: string;
  service: string;
  access: ServiceAccess;
  mount: pulumi.Input<string>;
  accessor: pulumi.Input<string>;
  policy: pulumi.Input<string>;
}

/** Entity, role, and the alias that makes a sign-in with the role one of the entity. */
function addService(name: string, entry: ServiceEntry, opts: pulumi.CustomResourceOptions): void {
  const { args, stack, service, access, mount, accessor, policy } = entry;
  const full = roleName(args, stack, service);
  const own = `${name}-${stack}-${service}`;
  const shared = (access.shared ?? []).map((one) => [sharedKey(one), one]);
  const policies = access.kept === undefined ? [policy] : [policy, keep(own, full, args, access.kept, opts)];
  const entity = new vault.identity.Entity(
    own,
    { name: full, metadata: { project: args.project, stack, service, ...Object.fromEntries(shared) } },
    opts,
  );
  const role = new vault.approle.AuthBackendRole(
    own,
    {
      backend: mount,
      roleName: full,
      tokenPolicies: policies,
      tokenPeriod: AGENT_TOKEN_PERIOD,
      ...roleLimits(args.limits?.[stack]),
    },
    opts,
  );
  new vault.identity.EntityAlias(own, { name: role.roleId, mountAccessor: accessor, canonicalId: entity.id }, opts);
}

function keep(
  own: string,
  full: string,
  layout: VaultLayout,
  kept: string,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  return new vault.Policy(`${own}-kept`, { name: `${full}.kept`, policy: keptPolicy(layout, kept) }, opts).name;
}

function checkNames(args: VaultAccessArgs): void {
  requirePlainName("project", args.project);
  for (const [engine, stack] of Object.entries(args.engines)) {
    requirePlainName("engine worker", engine);
    requirePlainName("stack", stack);
  }
  for (const [stack, services] of Object.entries(args.stacks)) {
    requirePlainName("stack", stack);
    for (const [service, { shared = [], kept }] of Object.entries(services)) {
      requirePlainName("service", service);
      requireNoUnderscore(service);
      for (const one of shared) requirePlainName("shared secret", one);
      for (const part of kept?.split("/") ?? []) requirePlainName("kept path", part);
    }
  }
}
