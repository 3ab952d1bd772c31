import type { NamePlace } from "../../compose/files/file-names.ts";
import { networkName } from "../../compose/networks.ts";
import type { Rendered } from "../../compose/render.ts";
import { roleName, type VaultLayout } from "../../vault/api/paths.ts";
import { placeOf } from "../../vault/place.ts";
import { resourceName } from "../../vault/plan.ts";
import type { ServiceContext, ServiceDescription } from "../service.ts";
import type { MadeName, NameSpace } from "./name.ts";

/** Where a stack's secrets are. */
export interface NamedVault {
  layout: VaultLayout;
  /** Address of Vault; undefined when only the environment says it. */
  address: string | undefined;
}

/** What decides over a stack's names besides its services. */
export interface NamedStack {
  stack: string;
  suffix: string;
  /** Name of the project on Dokploy. */
  project: string;
  /** Addresses of the Dokploy server. */
  server: NameSpace;
  vault?: NamedVault | undefined;
  /** Where a key of its config stands. */
  configPlace(key: string): NamePlace;
}

/** What decides over a service's names. */
export interface NamedService {
  service: { name: string };
  description: Pick<ServiceDescription, "routes" | "borrows" | "shares">;
  rendered: Pick<Rendered, "names" | "secrets">;
}

/** Every name that a stack with these services makes, on the server, on Dokploy, in Vault, in DNS and in its state. */
export function namesOfStack(
  stack: NamedStack,
  services: readonly NamedService[],
  hostOf: ServiceContext["hostOf"],
): MadeName[] {
  const { suffix, project, server } = stack;
  const own = { stack: stack.stack, service: "" };
  return [
    {
      ...own,
      kind: "network",
      name: networkName(suffix),
      space: server,
      what: "`platform:suffix`",
      place: stack.configPlace("platform:suffix"),
    },
    {
      ...own,
      kind: "Dokploy environment",
      name: `${project}/${stack.stack}`,
      space: server,
      what: "`dokploy:project`",
      place: stack.configPlace("dokploy:project"),
    },
    ...services.flatMap((draft) => [
      ...ofFile(draft, stack),
      ...ofDefinition(draft, stack, hostOf),
      ...(stack.vault ? inVault(draft, stack, stack.vault) : []),
    ]),
  ];
}

function ofFile({ service, rendered }: NamedService, { stack, suffix, server }: NamedStack): MadeName[] {
  // The network of the environment is the stack's own, whichever service's file names it.
  const own = rendered.names.filter(({ kind, name }) => kind !== "network" || name !== networkName(suffix));
  return own.map((made) => {
    // The same port on two servers is usual: without a word of where, only this stack is looked at.
    const space = made.kind === "port of the host" && server === "unknown" ? [stack] : server;
    return { ...made, space, stack, service: service.name };
  });
}

function ofDefinition(
  { service, description }: NamedService,
  { stack, project, server }: NamedStack,
  hostOf: ServiceContext["hostOf"],
): MadeName[] {
  const made = { stack, service: service.name, place: { file: `components/${service.name}/index.ts` } };
  return [
    { ...made, kind: "Dokploy service", name: `${project}/${stack}/${service.name}`, space: server, what: "`name`" },
    // The public name leads to one server only, whoever asks.
    ...(description.routes ?? []).map(({ host, path, container, port }): MadeName => {
      const what = `route to port ${port} of container \`${container}\``;
      return { ...made, kind: "route", name: routeName(hostOf(host), path), space: ["DNS"], what };
    }),
  ];
}

/** Host and path of a route; letters of a host name are all the same size. */
export function routeName(host: string, path = "/"): string {
  return `${host.toLowerCase()}${path.replace(/\/+$/, "") || "/"}`;
}

function inVault(draft: NamedService, stack: NamedStack, { layout }: NamedVault): MadeName[] {
  const { service, description, rendered } = draft;
  if (rendered.secrets.length === 0) return [];
  const { borrows = {}, shares = [] } = description;
  const own = rendered.secrets.filter((name) => !(name in borrows));
  const places = own.map((secret) => ({
    secret,
    ...placeOf(layout, stack.stack, service.name, secret, shares.includes(secret)),
  }));
  const resources = new Set(places.map(({ path }) => resourceName(service.name, path)));
  const made = (name: Parameters<typeof vaultName>[2]) => vaultName(stack, service.name, name);
  return [
    made({ kind: "Vault role", name: roleName(layout, stack.stack, service.name), what: "its agent" }),
    ...places.map(({ secret, path, field }) => made(secretName(path, field, secret))),
    ...[...resources].map((name) => ({
      ...made({ kind: "resource", name, what: "its secrets" }),
      space: [stack.stack],
    })),
  ];
}

/** A field of a path. */
export function secretName(path: string, field: string, secret: string): Pick<MadeName, "kind" | "name" | "what"> {
  return { kind: "secret in Vault", name: `${path} ${field}`, what: `secret \`${secret}\`` };
}

/** A name in the stack's Vault. Capital and small letters of roles and entities are the same there. */
export function vaultName(
  { stack, vault, configPlace }: NamedStack,
  service: string,
  { kind, name, what }: Pick<MadeName, "kind" | "name" | "what">,
): MadeName {
  const place = service === "" ? configPlace("vault:address") : { file: `components/${service}/compose.yaml` };
  const space = vault?.address === undefined ? "unknown" : [vault.address];
  return { kind, name: kind === "Vault role" ? name.toLowerCase() : name, what, space, stack, service, place };
}
