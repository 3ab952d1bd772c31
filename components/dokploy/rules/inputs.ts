import { type Check, type CheckInput, fullCheck } from "./checks/check.ts";

/** Whose object this is. `keyId` is derived from PLATFORM_KEY and the stack, so a copy of the platform with another key is a stranger. */
export interface Owner {
  project: string;
  stack: string;
  /** 16 hexadecimal digits. */
  keyId: string;
}

/** A route: which requests from outside reach which container. */
export interface Domain {
  host: string;
  /** Key of the service in the compose file. */
  service: string;
  /** Port inside the container. */
  port: number;
  /** Only requests below this path. Default "/". */
  path: string;
  /** Default true. */
  https: boolean;
  /** Default "letsencrypt" with https, else "none". */
  certificate: "letsencrypt" | "none";
  /** Takes `path` away before the request reaches the container. Default false. */
  stripPath: boolean;
  /** Put before the path on the way to the container. Default "/". */
  internalPath: string;
}

/** Inputs of a Compose resource with every default filled in, as the state holds them. */
export interface ComposeInputs {
  environmentId: string;
  name: string;
  owner: Owner;
  service: string;
  composeFile: string;
  env: Record<string, string>;
  domains: Domain[];
  checks: Check[];
  /** Seconds that Compose waits for health, per stage. */
  waitTimeout: number;
  /** Depth of `depends_on` + 1: the wait time-out counts per stage. */
  stages: number;
  /** Take over a compose of this name that has no or another owner's marker. */
  adopt: boolean;
  /** `any` leaves routes that were made by hand in Dokploy; without it they are taken away. */
  routes?: "any";
  /** Containers may start without the data that they have. Default false; left out then. */
  disposable?: boolean;
  /** Parts that may differ from what is said here, by the names that `drift` has. Left out where there is none. */
  ignore?: string[];
}

export type DomainInput = Partial<Domain> & Pick<Domain, "host" | "service" | "port">;

/** What a program hands over, before defaults. */
export type RawComposeInputs = Partial<Omit<ComposeInputs, "domains" | "checks">> & {
  domains?: DomainInput[];
  checks?: CheckInput[];
};

/** What Pulumi sends in a preview for a value that is not known yet. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Whether a value, or anything in it, is not known yet. */
export function hasUnknown(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(hasUnknown);
  return value === UNKNOWN;
}

/** Fills in every default, so that equal programs have equal inputs and a refresh can give back exactly these. */
export function withDefaults<T extends RawComposeInputs>({ ignore, ...raw }: T) {
  return {
    ...raw,
    env: known(raw.env ?? {}, (env) => mapValues(env, (value) => String(value))),
    domains: known(raw.domains ?? [], (domains) => domains.map((domain) => known(domain, fullDomain))),
    checks: known(raw.checks ?? [], (checks) => checks.map((check) => known(check, fullCheck))),
    waitTimeout: raw.waitTimeout ?? 120,
    stages: raw.stages ?? 1,
    adopt: raw.adopt ?? false,
    ...keptRoutes(raw),
    ...ignored({ ignore }),
  };
}

function known<I, O>(value: I, fill: (value: I) => O): O {
  return (value as unknown) === UNKNOWN ? (value as unknown as O) : fill(value);
}

function fullDomain(domain: DomainInput): Domain {
  const { host, service, port, path = "/", https = true, stripPath = false, internalPath = "/" } = domain;
  const certificate = domain.certificate ?? (https ? "letsencrypt" : "none");
  // Host names know no case; one spelling keeps a refresh from seeing a difference.
  return { host: String(host).toLowerCase(), service, port, path, https, certificate, stripPath, internalPath };
}

function mapValues<I, O>(record: Record<string, I>, map: (value: I) => O): Record<string, O> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** Exactly the inputs out of inputs or outputs, without `__provider` and what outputs add. */
export function composeInputs(from: ComposeInputs): ComposeInputs {
  const { environmentId, name, owner, service, composeFile, env, domains, checks, waitTimeout, stages, adopt } = from;
  const inputs = { environmentId, name, owner, service, composeFile, env, domains, checks, waitTimeout, stages, adopt };
  return {
    ...inputs,
    ...keptRoutes(from),
    ...(from.disposable === true ? { disposable: true } : {}),
    ...ignored(from),
  };
}

/** Left out where it says nothing: states of earlier releases have no such key. */
function keptRoutes({ routes }: Pick<RawComposeInputs, "routes">): { routes?: "any" } {
  return routes === undefined ? {} : { routes };
}

/** Left out where it is empty, too. */
function ignored({ ignore }: Pick<RawComposeInputs, "ignore">): { ignore?: string[] } {
  return ignore === undefined || ignore.length === 0 ? {} : { ignore };
}
