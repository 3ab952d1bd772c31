import type { ComposeService, ComposeVolume, Dependency, FileGrant, Mount } from "../model.ts";

/** A container that asks for secrets, as far as the agent has to know it. */
export interface Consumer {
  grants: readonly (string | FileGrant)[];
  /** `user` of the container. */
  user?: unknown;
  /** `entrypoint` of the container. */
  entrypoint?: unknown;
  /** `command` of the container. */
  command?: unknown;
}

/** Who asks for which secrets. */
export interface AgentAsked {
  /** Container → what it asks for. Those without secrets may be left out. */
  consumers: Readonly<Record<string, Consumer>>;
  /** Names of all containers of the file. */
  containers: readonly string[];
}

/** What a consumer gets besides what its file says. */
export interface ConsumerParts {
  volumes: readonly Mount[];
  /** Comes before the container's own entrypoint. */
  entrypoint: readonly string[];
  depends_on: Readonly<Record<string, Dependency>>;
  labels: readonly string[];
}

/** What the file gets besides what it says. Every text is meant literally: `$` is not escaped yet. */
export interface AgentParts {
  /** Key of the agent's container. */
  name: string;
  agent: ComposeService;
  /** Whether it joins the environment's network, since a container there has the secrets. Default false. */
  joins?: boolean;
  volumes: Readonly<Record<string, ComposeVolume>>;
  configs: Readonly<Record<string, { content: string }>>;
  secrets: Readonly<Record<string, { environment: string }>>;
  consumers: Readonly<Record<string, ConsumerParts>>;
}

/** A mistake at a container, and below which of its keys. */
export interface AgentProblem {
  container: string;
  path: readonly (string | number)[];
  message: string;
  hint: string;
}
