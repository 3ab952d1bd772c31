import type { FileName, NamePlace } from "../../compose/files/file-names.ts";

/** What a name is the name of. */
export type NameKind =
  | FileName["kind"]
  | "route"
  | "Dokploy environment"
  | "Dokploy service"
  | "Vault role"
  | "secret in Vault"
  | "resource";

/**
 * Addresses of the thing that knows the name only once: a server, a Vault, the stack's state. Two places may be the same
 * one when they share an address, or when one of them is not known.
 */
export type NameSpace = readonly string[] | "unknown";

/** A name that a stack makes. */
export interface MadeName {
  kind: NameKind;
  name: string;
  /** Where nobody else may have it. */
  space: NameSpace;
  /** Of a host name: the network that it is heard on. */
  network?: string;
  stack: string;
  /** Whose it is; "" for the stack itself. */
  service: string;
  /** What of the service is named so, e.g. "container `db`". */
  what: string;
  place: NamePlace;
}
