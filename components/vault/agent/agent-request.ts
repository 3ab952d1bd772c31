import type { AgentAsked } from "../../compose/deliver/agent.ts";
import type { SecretPlace } from "../place.ts";

/** All that the agent of one service depends on. Nothing else shows in what is planned. */
export interface AgentRequest extends AgentAsked {
  stack: string;
  service: string;
  /** Where the containers reach Vault. */
  address: string;
  /** AppRole mount. */
  approle: string;
  /** Image with `vault` or `bao` in it. Default {@link AGENT_IMAGE}. */
  image?: string;
  /** How often values are read again, e.g. `30s` (the default). Files change then; containers only at the next update. */
  interval?: string;
  /** Where each secret is that a container may ask for. */
  places: Readonly<Record<string, SecretPlace>>;
  /** Fingerprint of these secrets' values. */
  fingerprint(names: readonly string[]): string;
  /** Changes with role id and secret id, e.g. a keyed fingerprint of them or the secret id's accessor. */
  signIn: string;
  /** One of several agents in a file; each signs in as another. Default: {@link ONLY_AGENT}. */
  agent?: AgentName;
}

/** What an agent is called in its file. */
export interface AgentName {
  /** Key of its container. */
  name: string;
  /** Variables of the service's env that have to hold its role id and its secret id. */
  env: { roleId: string; secretId: string };
}

/** The agent of a file that has one. */
export const ONLY_AGENT: AgentName = {
  name: "vault-agent",
  env: { roleId: "VAULT_ROLE_ID", secretId: "VAULT_SECRET_ID" },
};

/** The release that the tests run. Vault's own agent reads the same configuration. */
export const AGENT_IMAGE = "openbao/openbao:2.7.2";

/** One file that the agent writes. */
export interface AgentFile {
  container: string;
  /** Name of the secret. */
  secret: string;
  place: SecretPlace;
  /** Name below `/run/secrets`. */
  target: string;
  uid: string;
  gid: string;
  /** Octal, four digits. */
  mode: string;
}
