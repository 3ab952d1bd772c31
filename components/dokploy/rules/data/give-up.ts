import { posix } from "node:path";
import { ServiceError } from "../service-error.ts";
import type { Held, Layout } from "./held-data.ts";
import { type Before, findLeftData, type LeftData } from "./left-data.ts";

/** What the refusal has to say besides the data itself. */
export interface AboutService {
  service: string;
  /** Compose project name. */
  appName: string;
  /** Full names of volumes that a person gave up for this run. */
  givenUp: ReadonlySet<string>;
}

/** The volumes that a person gave up for this run: `DOCKMASTER_GIVE_UP`, separated by commas. */
export function readGivenUp(env: NodeJS.ProcessEnv = process.env): Set<string> {
  const names = (env.DOCKMASTER_GIVE_UP ?? "").split(",").map((name) => name.trim());
  return new Set(names.filter(Boolean));
}

/**
 * Throws `config_invalid` when a container would start without data that it has, unless all of it was given up by name; then answers
 * one line for each volume that is left. Throws too for a name that was given up and is not left at all.
 */
export function refuseLeftData(before: Before, wanted: Layout, about: AboutService): string[] {
  const left = findLeftData(before, wanted);
  const names = namesOf(left);
  const kept = [...about.givenUp].filter((name) => !names.includes(name)).flatMap((name) => keeperOf(name, wanted));
  const refused = left.filter(({ had }) => !about.givenUp.has(had.name));
  if (refused.length === 0 && kept.length === 0) return left.map((one) => toldGivenUp(about.service, one));
  if (refused.length === 0) throw notLeft(about.service, kept, names);
  const message = refused.map(describeLeft).join("; ");
  throw new ServiceError("config_invalid", `${about.service}: ${message}`, wayOut(refused, about));
}

/** Full names of the volumes that are left, each once. */
export function namesOf(left: readonly LeftData[]): string[] {
  return [...new Set(left.map(({ had }) => had.name))];
}

function keeperOf(name: string, wanted: Layout): Held[] {
  const keeper = wanted.mounts.find((mount) => mount.name === name && mount.kind !== "memory");
  return keeper ? [keeper] : [];
}

function notLeft(service: string, kept: readonly Held[], left: readonly string[]): ServiceError {
  const told = kept.map(({ container, name, path }) => `${name} is not left: container ${container} has it at ${path}`);
  return new ServiceError(
    "config_invalid",
    `${service}: ${told.join("; ")}`,
    left.length > 0 ? `give up only what is left: ${left.join(", ")}` : "give up nothing: this change leaves no volume",
  );
}

/** The runner and the CLI know a volume that was really left by this line (automation/domain/give-up.ts). */
function toldGivenUp(service: string, left: LeftData): string {
  return `${service} gives up volume ${left.had.name}: ${describeLeft(left)}`;
}

/** One sentence: which container has what where, and what it would have instead. */
export function describeLeft({ had, successor, instead, movedTo, hidden }: LeftData): string {
  const has = `container ${had.container} has ${nameData(had)} at ${had.path}`;
  if (hidden !== undefined) return `${has}, of which ${hidden} would be hidden by what is mounted there`;
  if (successor === undefined) return `${has} and would be gone, with no container left that has it`;
  const who = successor === had.container ? "would start" : `${successor}, which takes its place, would start`;
  const what = instead === undefined ? "without it" : `with ${nameData(instead)} there`;
  return `${has} and ${who} ${what}${movedTo === undefined ? "" : ` (it would have it at ${movedTo})`}`;
}

function nameData({ kind, name, subpath }: Held): string {
  if (kind === "memory") return "empty memory";
  if (kind === "anonymous") return `the anonymous volume ${name}`;
  const whole = kind === "bind" ? `the host's ${name}` : `volume ${name}`;
  return subpath === undefined ? whole : `folder ${subpath} of ${whole}`;
}

function wayOut(refused: readonly LeftData[], { appName, givenUp }: AboutService): string {
  const names = namesOf(refused);
  const copies = [...new Set(refused.flatMap((left) => copyCommand(left, appName)))];
  const commands = [`docker compose -p ${appName} stop`, ...copies].join(" && ");
  const variable = `plain pulumi: DOCKMASTER_GIVE_UP=${[...givenUp, ...names].join(",")}`;
  const give = `${names.map((name) => `--give-up ${name}`).join(" ")} in the run (${variable})`;
  const way =
    copies.length > 0
      ? `to take the data along run \`${commands}\` on the server and then say ${give}; say it at once to start without the data`
      : `put it back, or say ${give} to start without the data`;
  const wrong = [...givenUp].filter((name) => !names.includes(name));
  const unknown = wrong.length > 0 ? `; ${wrong.join(", ")} was given up, but ${names.join(", ")} would be left` : "";
  return `${way}. What is left stays on the server as it is${unknown}`;
}

/** Small, in every registry, and pinned. */
const IMAGE = "busybox:1.36";

/**
 * Copies with owners, modes and times, from a source that is only read, and only into an empty place: what is there already would be
 * mixed with the copy. Nothing where there is no place to copy to.
 */
function copyCommand({ had, successor, instead, hidden }: LeftData, appName: string): string[] {
  if (hidden !== undefined || successor === undefined || instead === undefined) return [];
  if (instead.kind === "memory" || instead.kind === "anonymous") return [];
  const isAnonymous = had.kind === "anonymous";
  const from = isAnonymous ? had.path : folder("/from", had);
  const to = folder("/to", instead);
  const source = isAnonymous
    ? `--volumes-from "$(docker compose -p ${appName} ps -aq ${had.container}):ro"`
    : `-v ${quote(`${onHost(had, appName)}:/from:ro`)}`;
  const script = `mkdir -p ${quote(to)} && test -z "$(ls -A ${quote(to)})" && cp -a ${quote(`${from}/.`)} ${quote(`${to}/`)}`;
  return [`docker run --rm ${source} -v ${quote(`${onHost(instead, appName)}:/to`)} ${IMAGE} sh -c ${quote(script)}`];
}

function folder(root: string, { subpath }: Held): string {
  return subpath === undefined ? root : `${root}/${subpath}`;
}

/** Compose reads a relative path from the folder of its file: Dokploy's for this project. */
function onHost({ kind, name }: Held, appName: string): string {
  return kind === "bind" && name.startsWith(".") ? posix.join("/etc/dokploy/compose", appName, "code", name) : name;
}

/** A word for a shell, as it is where that is safe. */
function quote(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
