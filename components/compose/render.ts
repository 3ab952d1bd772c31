import { checkHosts } from "./checks/check-hosts.ts";
import { checkVariables } from "./checks/check-variables.ts";
import { applyHouseRules } from "./checks/house-rules.ts";
import { refuse } from "./checks/refusals.ts";
import type { Context, RenderInput } from "./context.ts";
import { deliverSecrets } from "./deliver/deliver-secrets.ts";
import { type FileName, namesInFile } from "./files/file-names.ts";
import { inlineFiles } from "./files/inline-files.ts";
import { isAllowed, type NoteProblem } from "./house/notes.ts";
import { readOwnSettings } from "./house/own-settings.ts";
import type { ComposeFile } from "./model.ts";
import { containerName, giveNames } from "./names.ts";
import { giveNetworks, networkOwner } from "./networks.ts";
import { normalise, type PlainFile } from "./normalise.ts";
import { addProbes, joiningProbes } from "./probes.ts";
import { type Path, type Problem, type Report, sortProblems } from "./problem.ts";
import { type Reading, readCompose } from "./reading/read.ts";
import { checkRights } from "./rights/check-rights.ts";
import { resolveVariables, variablesIn } from "./variables.ts";
import { mapStrings, scalars } from "./walk.ts";
import { bytesOnServer, MAX_BYTES, writeCompose } from "./write.ts";

/** One self-contained compose text, and what has to go with it. */
export interface Rendered {
  text: string;
  /** The whole plain env of the service, carried files included. */
  env: Record<string, string>;
  /** Env variable → name of the secret whose value it has to hold. */
  secretEnv: Record<string, string>;
  /** Names of the secrets that its containers use. */
  secrets: string[];
  /** Container → its full name, e.g. `server` → `platform-authentik-server-staging`. */
  containers: Record<string, string>;
  /** Keys of the named volumes. */
  volumes: string[];
  /** What it names on the server. */
  names: FileName[];
  /** How often Compose's wait time-out may count, one after another. */
  stages: number;
}

/** A compose file that is ready but for its networks: they depend on what the other services are. */
export interface Prepared {
  /** Container → its full name. */
  containers: Record<string, string>;
  /** Container → the one in whose network it is: itself, or another one (`network_mode`); undefined when it is in none. */
  networkOf: Record<string, string | undefined>;
  /** Container → the secrets that it uses. */
  secretsOf: Record<string, string[]>;
  /** Container → words of its definition that can be full names of containers. */
  mentions: Record<string, ReadonlySet<string>>;
  /** Writes the text. `joins`: containers that join the environment's network. */
  finish(joins: readonly string[]): { rendered?: Rendered; problems: Problem[] };
}

/** The longest value that a secret is reckoned with in the size of the env; generated ones are shorter. */
const SECRET_BYTES = 128;

/** What came of a file: the text when nothing is wrong, else all that is. */
export interface Outcome {
  rendered?: Rendered;
  problems: Problem[];
  /** What people should know all the same. */
  notes: NoteProblem[];
}

/** The same of a file without its networks. */
export interface Preparation {
  prepared?: Prepared;
  problems: Problem[];
  notes: NoteProblem[];
}

/**
 * Turns a plain compose file into the text that Dokploy gets, in the order of the steps below.
 * Reports all problems at once; syntax and schema errors hide those of later steps, which need the shape.
 */
export function renderCompose(input: RenderInput): Outcome {
  const { prepared, problems, notes } = prepareCompose(input);
  if (!prepared) return { problems, notes };
  return { ...prepared.finish(input.joins ?? Object.keys(prepared.containers)), notes };
}

/** All of {@link renderCompose} but the networks. With problems there is nothing to finish. */
export function prepareCompose(input: RenderInput): Preparation {
  const { variables, env, containerEnv } = input;
  const values = new Map(Object.entries({ ...env, ...containerEnv, ...variables }));
  const { source, reading, problems: unread } = readCompose(input.file, input.text, (name) => values.get(name));
  if (!source || !reading) return { problems: sortProblems(unread), notes: [] };

  const problems = new Map(unread.map((problem) => [JSON.stringify(problem), problem]));
  const at = (path: Path, message: string, hint: string): Problem => ({
    file: input.file,
    ...source.locate(path),
    message,
    hint,
  });
  const report: Report = (...what) => {
    const problem = at(...what);
    problems.set(JSON.stringify(problem), problem);
  };
  const notes = new Map<string, NoteProblem>();
  const settings = readOwnSettings(reading.written, report);
  const context: Context = {
    ...input,
    source,
    seen: reading.seen,
    health: settings.health,
    rights: settings.rights,
    report,
    note: (name, path, ...what) => {
      const note = { ...at(path, ...what), note: name };
      if (!isAllowed(settings.allowed, name, path)) notes.set(JSON.stringify(note), note);
    },
    nameOf: (container) => containerName(input.service, container, input.suffix),
  };
  const { write, ...parts } = transform(reading, context);
  // What the finished text is too large for shows in the same go.
  if (problems.size > 0) write(Object.keys(parts.containers));
  const told = sortProblems([...notes.values()]);
  if (problems.size > 0) return { problems: sortProblems([...problems.values()]), notes: told };
  const finish = (joins: readonly string[]) => {
    const rendered = write(joins);
    return problems.size > 0 ? { problems: sortProblems([...problems.values()]) } : { rendered, problems: [] };
  };
  return { prepared: { ...parts, finish }, problems: [], notes: told };
}

function transform({ written: compose }: Reading, context: Context) {
  checkVariables(compose, context);
  checkHosts(compose, context);
  const known = new Map(Object.entries(context.variables));
  const resolved = mapStrings(compose, (text) => resolveVariables(text, known)) as ComposeFile;
  const plain = addContainerEnv(normalise(resolved, context), context);
  refuse(plain, context);
  checkRights(context.rights, context);
  const inlined = inlineFiles(plain, context);
  const delivered = deliverSecrets(addProbes(inlined.compose, context), context);
  const ruled = applyHouseRules(delivered.compose, context);
  const named = giveNames(ruled, context);
  const env = { ...context.env, ...context.containerEnv, ...inlined.env, ...delivered.env };
  checkCarried(compose, { ...inlined.env, ...delivered.env }, context);
  const fullNames = new Map(Object.keys(ruled.services).map((key) => [context.nameOf(key), key]));
  const keys = Object.keys(plain.services);
  const containers = Object.fromEntries(keys.map((key) => [key, context.nameOf(key)]));
  const write = (joins: readonly string[]): Rendered => {
    const probing = joiningProbes(context.probes ?? [], joins);
    const reach = { joins: [...joins, ...probing, ...delivered.joins], routed: context.routed ?? [] };
    const networked = giveNetworks(named, keys, reach, context);
    const text = writeCompose(networked, context);
    checkSize(text, env, Object.keys(delivered.variables), context);
    return {
      text,
      env,
      secretEnv: delivered.variables,
      secrets: delivered.names,
      containers,
      volumes: Object.keys(plain.volumes ?? {}),
      names: namesInFile(
        networked,
        (full) => fullNames.get(full) ?? full,
        (path) => ({ file: context.file, ...context.source.locate(path) }),
        (name) => env[name] ?? context.variables[name],
      ),
      stages: countStages(named),
    };
  };
  const networkOf = Object.fromEntries(keys.map((key) => [key, networkOwner(plain, key)]));
  return {
    containers,
    networkOf,
    secretsOf: secretsOf(plain, context),
    mentions: fullNamesIn(inlined.compose, env),
    write,
  };
}

/** What the file names below a container's `secrets:`, and what it is granted besides. */
function secretsOf(compose: PlainFile, { grants }: Context): Record<string, string[]> {
  const services = Object.entries(compose.services).map(([key, { secrets = [] }]): [string, string[]] => {
    const named = secrets.map((grant) => (typeof grant === "string" ? grant : (grant.source ?? "")));
    return [key, [...named, ...(grants[key] ?? [])]];
  });
  return Object.fromEntries(services);
}

/** Env that the stack's config adds reaches every container through a variable, so that its values stay out of the text. */
function addContainerEnv(compose: PlainFile, context: Context): PlainFile {
  const extra = Object.keys(context.containerEnv);
  if (extra.length === 0) return compose;
  const services = Object.entries(compose.services).map(([name, service]) => {
    const environment = [
      ...service.environment.filter((entry) => !extra.includes(entry.split("=")[0] ?? "")),
      ...extra.map((key) => `${key}=\${${key}}`),
    ];
    return [name, { ...service, environment: environment.sort() }];
  });
  return { ...compose, services: Object.fromEntries(services) };
}

/** A variable that the platform makes has another value on the server than where the file was read. */
function checkCarried(compose: ComposeFile, carried: Readonly<Record<string, string>>, context: Context): void {
  for (const { path, value } of scalars(compose)) {
    for (const { name } of typeof value === "string" ? variablesIn(value) : []) {
      if (Object.hasOwn(carried, name)) context.report(path, `\`${name}\` is the platform's own`, "use another name");
    }
  }
}

function checkSize(text: string, env: Record<string, string>, secretVariables: string[], context: Context): void {
  const reckoned = Object.fromEntries(secretVariables.map((name) => [name, "x".repeat(SECRET_BYTES)]));
  const bytes = bytesOnServer(text, { ...env, ...reckoned });
  if (bytes > MAX_BYTES) {
    const message = `the file and its env take ${bytes} bytes on the server, more than the ${MAX_BYTES} that Dokploy carries`;
    context.report([], message, "put the largest files into the image");
  }
}

/** Where an image or a name stands, which nobody looks up. */
const NO_HOSTS = new Set(["image", "build", "container_name"]);

/**
 * Every word that can be a full name (`platform-redis-staging`), by the container whose definition says it: in its own lines, in the
 * files that it mounts, and in the values of the variables it uses. Exact words, so that comparing them with the names that exist
 * guesses nothing. Secret values are not looked at.
 */
function fullNamesIn(compose: PlainFile, env: Readonly<Record<string, string>>): Record<string, ReadonlySet<string>> {
  const containers = Object.entries(compose.services).map(([key, service]) => {
    const definition = Object.entries(service).filter(([field]) => !NO_HOSTS.has(field));
    const texts = [...scalars(definition)].flatMap(({ value }) => (typeof value === "string" ? [value] : []));
    for (const grant of service.configs ?? []) {
      const config = compose.configs?.[typeof grant === "string" ? grant : (grant.source ?? "")];
      texts.push(config?.content ?? env[config?.environment ?? ""] ?? "");
    }
    const values = texts.flatMap((text) => variablesIn(text).map(({ name }) => env[name] ?? ""));
    const words = [...texts, ...values].flatMap(
      (text) => text.toLowerCase().match(/(?<![\w.-])platform-[a-z0-9-]+/g) ?? [],
    );
    return [key, new Set(words)];
  });
  return Object.fromEntries(containers);
}

/** How many waits `docker compose up --wait --wait-timeout N` may do one after another: N counts per stage, not for the whole. */
function countStages(compose: PlainFile): number {
  const depths = new Map<string, number>();
  const depth = (key: string): number => {
    const known = depths.get(key);
    if (known !== undefined) return known;
    depths.set(key, 1);
    const below = Object.keys(compose.services[key]?.depends_on ?? {}).map(depth);
    const own = 1 + Math.max(0, ...below);
    depths.set(key, own);
    return own;
  };
  return Math.max(1, ...Object.keys(compose.services).map(depth));
}
