import type { AgentDelivery } from "../compose/context.ts";
import type { Draft, RenderedDraft } from "../platform/draft.ts";
import type { SignInLimits } from "./access/sign-in-limits.ts";
import { planAgent } from "./agent/agent.ts";
import { ONLY_AGENT } from "./agent/agent-request.ts";
import { fingerprintMark, signInMark } from "./agent/text-template.ts";
import type { FieldInput } from "./api/fields.ts";
import { approleMount, roleName, type VaultLayout } from "./api/paths.ts";
import { placeOf, placeSecrets, type SecretPlace } from "./place.ts";

/** What the config of a stack says whose secrets live in Vault. */
export interface VaultSettings {
  layout: VaultLayout;
  /** Where the containers reach Vault. */
  address: string;
  /** What bounds the sign-ins of its agents. */
  limits?: SignInLimits;
}

/** What Vault has to hold for one service, and who its agent is there. */
export interface VaultPlan {
  /** Name of the role that its agent signs in with. */
  role: string;
  /** Secrets that are its own: name of the resource → path and fields. */
  owns: Record<string, { path: string; fields: Record<string, FieldInput> }>;
  /** Others' shared secrets that its role has to be allowed to read, for the bootstrap stack. */
  shared: string[];
  /** Secret in its compose file → where the value is. */
  places: Record<string, SecretPlace>;
  /** Variables of its env that have to hold role id and secret id. */
  env: { roleId: string; secretId: string };
}

/** The agent of one service; its text has marks where values of the update go (`fillIn`). */
export function agentDelivery(draft: Draft, stack: string, vault: VaultSettings): AgentDelivery {
  const { layout, address } = vault;
  const placeFor = (name: string): SecretPlace => {
    const source = draft.description.borrows?.[name];
    if (source) return placeOf(layout, stack, source.service, source.name, true);
    return placeOf(layout, stack, draft.service.name, name, draft.description.shares?.includes(name) ?? false);
  };
  return {
    mode: "agent",
    plan: ({ consumers, containers }) => {
      const grants = Object.values(consumers).flatMap((consumer) => consumer.grants);
      const names = grants.map((grant) => (typeof grant === "string" ? grant : (grant.source ?? "")));
      const { plan, problems } = planAgent({
        stack,
        service: draft.service.name,
        address,
        approle: approleMount(layout),
        places: Object.fromEntries(names.map((name) => [name, placeFor(name)])),
        consumers,
        containers,
        fingerprint: fingerprintMark,
        signIn: signInMark,
      });
      return { plans: plan ? [plan] : [], problems };
    },
  };
}

/** What Vault has to hold, by service; a service without secrets is left out. */
export function planVault(
  drafts: readonly RenderedDraft[],
  stack: string,
  { layout }: VaultSettings,
): Map<string, VaultPlan> {
  const needs = drafts.map(({ service, common, description, rendered }) => {
    const { borrows = {}, shares = [] } = description;
    const own = rendered.secrets.filter((name) => !(name in borrows));
    const fields = own.map((name) => [name, { rotation: common.secretVersion }]);
    return { service: service.name, own: Object.fromEntries(fields), shares, borrowed: borrows };
  });
  const { places, paths, shared } = placeSecrets(layout, stack, needs);
  const users = drafts.filter(({ rendered }) => rendered.secrets.length > 0).map(({ service }) => service.name);
  return new Map(
    users.map((service) => {
      const own = Object.entries(paths).filter(([, { owner }]) => owner === service);
      const owns = own.map(([path, { fields }]) => [resourceName(service, path), { path, fields }]);
      const plan = {
        role: roleName(layout, stack, service),
        owns: Object.fromEntries(owns),
        shared: shared[service] ?? [],
        places: places[service] ?? {},
        env: ONLY_AGENT.env,
      };
      return [service, plan];
    }),
  );
}

/** `redis` for a service's own path, `redis-redis_password` for a shared one: whatever a service is made of is named after it. */
export function resourceName(service: string, path: string): string {
  const last = path.split("/").at(-1) ?? service;
  return last === service ? service : `${service}-${last.slice(service.length + 1)}`;
}
