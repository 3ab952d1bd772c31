import { checkHosts } from "./check-hosts.ts";
import { checkVariables } from "./check-variables.ts";
import type { Context, RenderInput } from "./context.ts";
import { deliverSecrets } from "./deliver-secrets.ts";
import { type FileName, namesInFile } from "./file-names.ts";
import { isAllowed, type NoteProblem } from "./house/notes.ts";
import { readOwnSettings } from "./house/own-settings.ts";
import { applyHouseRules } from "./house-rules.ts";
import { inlineFiles } from "./inline-files.ts";
import type { ComposeFile } from "./model.ts";
import { containerName, giveNames } from "./names.ts";
import { normalise, type PlainFile } from "./normalise.ts";
import { type Path, type Problem, type Report, sortProblems } from "./problem.ts";
import { type Reading, readCompose } from "./reading/read.ts";
import { refuse } from "./refusals.ts";
import { countStages } from "./stages.ts";
import { resolveVariables } from "./variables.ts";
import { mapStrings } from "./walk.ts";
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

/** The longest value that a secret is reckoned with in the size of the env; generated ones are shorter. */
const SECRET_BYTES = 128;

/** What came of a file: the text when nothing is wrong, else all that is. */
export interface Outcome {
  rendered?: Rendered;
  problems: Problem[];
  /** What people should know all the same. */
  notes: NoteProblem[];
}

/**
 * Turns a plain compose file into the text that Dokploy gets, in the order of the steps below.
 * Reports all problems at once; syntax and schema errors hide those of later steps, which need the shape.
 */
export function renderCompose(input: RenderInput): Outcome {
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
    report,
    note: (name, path, ...what) => {
      const note = { ...at(path, ...what), note: name };
      if (!isAllowed(settings.allowed, name, path)) notes.set(JSON.stringify(note), note);
    },
    nameOf: (container) => containerName(input.service, container, input.suffix),
  };
  const rendered = transform(reading, context);
  const told = sortProblems([...notes.values()]);
  if (problems.size > 0) return { problems: sortProblems([...problems.values()]), notes: told };
  return { rendered, problems: [], notes: told };
}

function transform({ written: compose }: Reading, context: Context): Rendered {
  checkVariables(compose, context);
  checkHosts(compose, context);
  const known = new Map(Object.entries(context.variables));
  const resolved = mapStrings(compose, (text) => resolveVariables(text, known)) as ComposeFile;
  const plain = addContainerEnv(normalise(resolved, context), context);
  refuse(plain, context);
  const inlined = inlineFiles(plain, context);
  const delivered = deliverSecrets(inlined.compose, context);
  const ruled = applyHouseRules(delivered.compose, context);
  const named = giveNames(ruled, context);
  const text = writeCompose(named, context);
  const env = { ...context.env, ...context.containerEnv, ...inlined.env, ...delivered.env };
  checkSize(text, env, Object.keys(delivered.variables), context);
  const keys = new Map(Object.keys(ruled.services).map((key) => [context.nameOf(key), key]));
  return {
    text,
    env,
    secretEnv: delivered.variables,
    secrets: delivered.names,
    containers: Object.fromEntries(Object.keys(plain.services).map((key) => [key, context.nameOf(key)])),
    volumes: Object.keys(plain.volumes ?? {}),
    names: namesInFile(
      named,
      (full) => keys.get(full) ?? full,
      (path) => ({ file: context.file, ...context.source.locate(path) }),
    ),
    stages: countStages(named),
  };
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

function checkSize(text: string, env: Record<string, string>, secretVariables: string[], context: Context): void {
  const reckoned = Object.fromEntries(secretVariables.map((name) => [name, "x".repeat(SECRET_BYTES)]));
  const bytes = bytesOnServer(text, { ...env, ...reckoned });
  if (bytes > MAX_BYTES) {
    const message = `the file and its env take ${bytes} bytes on the server, more than the ${MAX_BYTES} that Dokploy carries`;
    context.report([], message, "put the largest files into the image");
  }
}
