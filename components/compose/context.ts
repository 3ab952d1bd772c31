import type { AgentAsked, AgentParts, AgentProblem } from "./deliver/agent.ts";
import type { Health, Note } from "./house/notes.ts";
import type { ComposeFile } from "./model.ts";
import type { Source } from "./parse.ts";
import type { Probe } from "./probes.ts";
import type { Report } from "./problem.ts";
import type { AllowedRight } from "./rights/check-rights.ts";

/** A file beside the compose file. `executable` is its mode bit, which a config keeps. */
export interface FileContent {
  bytes: Uint8Array;
  executable: boolean;
}

/** What is at a path: a file, a folder, something of a Git submodule, which a release does not hold, or nothing. */
export type FoundFile = FileContent | "directory" | "submodule" | undefined;

/** Reads a path relative to the compose file's folder. */
export type ReadFile = (path: string) => FoundFile;

/** How secrets reach the containers. */
export type SecretDelivery = EnvironmentDelivery | AgentDelivery;

/** Compose writes them to `/run/secrets` from the service's env on Dokploy. */
export interface EnvironmentDelivery {
  mode: "environment";
  /** Keyed fingerprint of the values of these secrets, 16 hex digits: changes when one of the values does, and tells nothing of them. */
  fingerprint(names: readonly string[]): string;
}

/** Containers of the platform write them into memory that they share with each consumer. */
export interface AgentDelivery {
  mode: "agent";
  /** Plans those containers, mostly one, from what the others ask for; none when nobody asks, or with problems. */
  plan(asked: AgentAsked): { plans: AgentParts[]; problems: AgentProblem[] };
}

/** A network that some containers have to themselves. */
export interface ApartNetwork {
  /** Its key in the text. */
  network: string;
  /** Networks of the server that the container joins besides, by name. */
  also: readonly string[];
}

/** All that the rendering of one service's compose file depends on. Nothing else may show in the text. */
export interface RenderInput {
  /** Path shown in problems, from the repository's root. */
  file: string;
  text: string;
  /** The service's name, e.g. `redis`. */
  service: string;
  /** `platform:suffix`. */
  suffix: string;
  /** Names of the catalogue's services: host names are checked against them. */
  catalogue: readonly string[];
  /** Resolved in the text before Dokploy sees it, e.g. `SUFFIX`, `DOMAIN`. */
  variables: Readonly<Record<string, string>>;
  /** Plain values that Dokploy hands to Compose's interpolation. */
  env: Readonly<Record<string, string>>;
  /** Plain values that every container gets in its environment. */
  containerEnv: Readonly<Record<string, string>>;
  secrets: SecretDelivery;
  /** Secrets that containers get besides those which the file names: container → secret names. */
  grants: Readonly<Record<string, readonly string[]>>;
  /** Keys of the volumes that the service must not lose; those that it does not name are noted. Nothing is noted where it is absent. */
  data?: readonly string[];
  /** Seconds that one stage of the deployment may take, when that is known. */
  waitTimeout?: number;
  readFile: ReadFile;
  /** Checks for which the platform adds containers. Default none. */
  probes?: readonly Probe[];
  /** Containers that have a route. Default none. */
  routed?: readonly string[];
  /** Containers that join the environment's network; others see their siblings only. Default all. */
  joins?: readonly string[];
  /** Name of the network that only its containers share. Default: the one that Compose makes for the project. */
  privateNetwork?: string;
  /** Containers that have a network of their own instead of that one. Default none. */
  apart?: Readonly<Record<string, ApartNetwork>>;
  /** Keys of another service's containers, for hints. Default: one that is named like its service. */
  containersOf?(service: string): readonly string[];
  /** Why Dokploy's env cannot carry a value ("contains …"), undefined when it can. */
  envProblem(value: string): string | undefined;
}

/** What the steps share. */
export interface Context extends RenderInput {
  source: Source;
  /** The file as Compose sees it, with the values of its variables: what is decided over is decided here. */
  seen: ComposeFile;
  report: Report;
  /** What `x-dockmaster` says of how a container's health is known, by container. */
  health: ReadonlyMap<string, Health>;
  /** What the file allows itself of the server. */
  rights: readonly AllowedRight[];
  /** Reports a note of this kind: the file is accepted, and people are told. Silenced where the file allows the kind with a reason. */
  note: Note;
  /** The name of a container as others address it: `platform-<service>[-<container>]<suffix>`. */
  nameOf(container: string): string;
}
