import { approleMount, kvMount, roleName, type VaultLayout } from "../api/paths.ts";

const METADATA = "identity.entity.metadata";

/** Key of an entity's metadata that lets it read a shared secret. */
export function sharedKey(shared: string): string {
  return `shared_${shared}`;
}

/**
 * The one policy of all services. What it allows is said by the metadata of whoever signs in: its own path, what it shares (services
 * have no `_` in their names, so the glob reaches nobody else's), and each shared secret that its metadata names. A stanza whose metadata an entity lacks does not apply to it.
 * https://developer.hashicorp.com/vault/docs/concepts/policies#templated-policies
 */
export function servicePolicy(layout: VaultLayout, shared: readonly string[]): string {
  const root = `${kvMount(layout)}/data/${layout.project}/{{${METADATA}.stack}}`;
  const stanzas = [
    stanza(`${root}/{{${METADATA}.service}}`, ["read"]),
    stanza(`${root}/shared/{{${METADATA}.service}}_*`, ["read"]),
    ...shared.map((name) => stanza(`${root}/shared/{{${METADATA}.${sharedKey(name)}}}`, ["read"])),
  ];
  return stanzas.join("");
}

/** For a path that was there before this platform and is kept. Not templated: metadata with a slash in it makes OpenBao refuse all. */
export function keptPolicy(layout: VaultLayout, kept: string): string {
  return stanza(`${kvMount(layout)}/data/${kept}`, ["read"]);
}

/**
 * What the engine worker of a stack may: write missing and rotated fields of this stack, and hand out secret ids of exactly its services'
 * roles. Not: overwrite a whole secret, delete, or write policies, roles and entities. Who may do that may read everything.
 */
export function enginePolicy(layout: VaultLayout, stack: string, services: readonly string[]): string {
  const kv = kvMount(layout);
  const roles = `auth/${approleMount(layout)}/role`;
  return [
    stanza(`${kv}/data/${layout.project}/${stack}/*`, ["create", "patch", "read"]),
    stanza(`${kv}/metadata/${layout.project}/${stack}/*`, ["list", "read"]),
    ...services.flatMap((service) => {
      const role = `${roles}/${roleName(layout, stack, service)}`;
      return [
        stanza(`${role}/role-id`, ["read"]),
        stanza(`${role}/secret-id`, ["update"]),
        stanza(`${role}/secret-id-accessor/lookup`, ["update"]),
        stanza(`${role}/secret-id-accessor/destroy`, ["update"]),
      ];
    }),
  ].join("");
}

function stanza(path: string, capabilities: readonly string[]): string {
  return `path "${path}" {\n  capabilities = [${capabilities.map((name) => `"${name}"`).join(", ")}]\n}\n`;
}
