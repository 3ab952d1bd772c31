import type { ApartNetwork, ReadFile } from "../../compose/context.ts";
import type { AgentAsked } from "../../compose/deliver/agent.ts";
import { networkName } from "../../compose/networks.ts";
import { type Outcome, renderCompose } from "../../compose/render.ts";
import { envProblem } from "../../dokploy/api/env.ts";
import { isContainerName, planAgent } from "../../vault/agent/agent.ts";
import { ONLY_AGENT } from "../../vault/agent/agent-request.ts";
import { engineAgent } from "./engines.ts";
import { type EngineText, fillTemplate } from "./template.ts";

/** The stack that holds the runner, the runner's name in it, and what ends its names: it shares no network with an environment. */
export const STACK = "bootstrap";
export const SERVICE = "runner";
export const SUFFIX = `-${STACK}`;

/** Port that the runner's door listens on in its container. */
export const PORT = 8080;

/** The network of everything that Dokploy leads requests to. */
const DOKPLOY_NETWORK = "dokploy-network";

/** One engine worker. */
export interface EngineSettings extends EngineText {
  /** KV v2 path of its secret. */
  path: string;
  /** Changes with its agent's secret id. */
  signIn: string;
}

/** All that the runner's Compose file depends on. */
export interface RunnerSettings {
  /** Pinned by digest or tag. */
  image: string;
  /** Of the door, in Docker's notation, e.g. `512m`. */
  memory: string;
  /** Plain variables of the door. */
  env: Readonly<Record<string, string>>;
  /** Names of the door's secrets besides those which every door has. */
  secrets: readonly string[];
  vault: {
    /** Where the containers reach Vault. */
    address: string;
    /** AppRole mount. */
    approle: string;
    /** KV v2 path of the door's secret. */
    path: string;
  };
  /** Changes with the secret id of the door's agent. */
  signIn: string;
  /** In the order of their stacks. */
  engines: readonly EngineSettings[];
}

/**
 * The text for Dokploy. Pure: the file's text comes from outside. A rotated secret changes nothing here, since door and workers read
 * their files again by themselves.
 */
export function renderRunner(text: string, settings: RunnerSettings, readFile: ReadFile = () => undefined): Outcome {
  const filled = fillTemplate(text, settings, settings.engines);
  const { rendered, problems, notes } = renderCompose({
    file: "components/bootstrap/runner/compose.yaml",
    text: filled.text,
    service: SERVICE,
    suffix: SUFFIX,
    catalogue: [],
    variables: { SUFFIX },
    env: filled.env,
    containerEnv: {},
    secrets: { mode: "agent", plan: (asked) => planAgents(settings, asked) },
    grants: {},
    joins: settings.engines.filter(({ env }) => isContainerName(env.VAULT_ADDR)).map(({ name }) => name),
    privateNetwork: networkName(SUFFIX),
    apart: Object.fromEntries(settings.engines.flatMap(ownNetworks)),
    readFile,
    envProblem,
  });
  return {
    problems: problems.map(withoutLine),
    notes: notes.map(withoutLine),
    ...(rendered && {
      rendered: { ...rendered, names: rendered.names.map((name) => ({ ...name, place: withoutLine(name.place) })) },
    }),
  };
}

/**
 * Workers that are on a network with the door after all: Dokploy or Vault is a container to them, and these are reached by name on a
 * network that the door is on too.
 */
export function engineCompany(engines: readonly Pick<EngineSettings, "stack" | "env">[]): string[] {
  return engines
    .filter(({ env }) => isContainerName(env.DOKPLOY_URL) || isContainerName(env.VAULT_ADDR))
    .map(({ stack }) => stack);
}

/** One agent for the door and one for each worker: each signs in with a role that reads one secret. */
function planAgents({ vault, signIn, engines }: RunnerSettings, { consumers, containers }: AgentAsked) {
  const users = [
    { container: SERVICE, service: SERVICE, path: vault.path, signIn, agent: ONLY_AGENT },
    ...engines.map(({ name, path, signIn }) => {
      return { container: name, service: name, path, signIn, agent: engineAgent(name) };
    }),
  ];
  const planned = users.map(({ container, path, ...own }) => {
    const { grants = [], ...rest } = consumers[container] ?? {};
    const names = grants.map((grant) => (typeof grant === "string" ? grant : (grant.source ?? "")));
    return planAgent({
      ...own,
      stack: STACK,
      address: vault.address,
      approle: vault.approle,
      places: Object.fromEntries(names.map((name) => [name, { path, field: name }])),
      consumers: { [container]: { grants, ...rest } },
      containers,
      fingerprint: () => "read-when-changed",
    });
  });
  return {
    plans: planned.flatMap(({ plan }) => plan ?? []),
    problems: planned.flatMap(({ problems }) => problems),
  };
}

/** Worker and agent have a network to themselves. Dokploy is on its own one, where a worker joins it only when it needs that. */
function ownNetworks({ name, env }: EngineSettings): [string, ApartNetwork][] {
  const also = isContainerName(env.DOKPLOY_URL) ? [DOKPLOY_NETWORK] : [];
  return [
    [name, { network: name, also }],
    [engineAgent(name).name, { network: name, also: [] }],
  ];
}

/** The lines of the filled text are not those of the file. */
function withoutLine<T extends { line?: number; column?: number }>({ line: _line, column: _column, ...rest }: T) {
  return rest;
}
