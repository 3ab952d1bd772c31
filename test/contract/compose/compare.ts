import { parse, stringify } from "yaml";
import type { RenderInput } from "../../../components/compose/context.ts";
import type { ComposeFile } from "../../../components/compose/model.ts";
import type { Problem } from "../../../components/compose/problem.ts";
import { readCompose } from "../../../components/compose/reading/read.ts";
import { type Rendered, renderCompose } from "../../../components/compose/render.ts";
import { findRights } from "../../../components/compose/rights/find-rights.ts";
import spec from "../../../components/compose/spec/compose-spec.json" with { type: "json" };
import { REFUSED, UNSEEN } from "./differences.ts";
import { randomFile } from "./grammar.ts";
import { compareMeaning } from "./meaning.ts";
import { type Answer, askCompose } from "./reader.ts";
import { OWN, STACK } from "./values.ts";

/** Keys of a container that the platform does not take, or not in every form. */
const OTHERS = [
  "links",
  "external_links",
  "volumes_from",
  "profiles",
  "networks",
  "container_name",
  "post_start",
  "pre_stop",
];
const TAME_KEYS = new Set(
  Object.keys(spec.definitions.service.properties).filter((key) => !OTHERS.includes(key) && !(key in UNSEEN)),
);
const SERVICE = "app";
const ENV: Record<string, string> = { ...OWN, ...STACK };

/** What came of a comparison. */
export interface Comparison {
  accepted: number;
  refused: number;
  /** Files of which the two say different things, for a reason that is listed. */
  listed: number;
  /** Files of which the rendered text was compared too. */
  rendered: number;
  /** Every difference that is not listed: the seed, and what either says. */
  differences: string[];
}

/** Makes files from the seeds `from` to `from + count`, and compares what Compose and the platform say of each. */
export async function compareFiles(from: number, count: number): Promise<Comparison> {
  const seeds = Array.from({ length: count }, (_, index) => from + index);
  const files = seeds.map((seed) => ({ seed, text: fileOf(seed) }));
  const answers = await askCompose(files.map(({ text }) => ({ text, env: ENV })));
  const result: Comparison = { accepted: 0, refused: 0, listed: 0, rendered: 0, differences: [] };
  const rendered: { seed: number; own: Answer; output: Rendered }[] = [];
  for (const [index, { seed, text }] of files.entries()) {
    const own = answers[index] as Answer;
    const { reading, problems } = readCompose("compose.yaml", text, (name) => ENV[name]);
    const { rendered: output, problems: all } = renderCompose(inputOf(allowAll(text, reading?.seen)));
    compareVerdicts({ seed, text, own, problems, isRefused: all.length > 0 }, result);
    if (output && own.project) rendered.push({ seed, own, output });
  }
  await compareRendered(rendered, result);
  return result;
}

/** Every third file is one that the platform's own rules may take. */
export function fileOf(seed: number): string {
  if (seed % 3 === 0) return randomFile(seed, { faults: 0, tame: true, keys: TAME_KEYS });
  return randomFile(seed, { faults: [0.001, 0.004, 0.01, 0.03][seed % 4] ?? 0 });
}

interface Verdicts {
  seed: number;
  text: string;
  own: Answer;
  problems: readonly Problem[];
  /** Whether the platform refuses the file, for whatever reason. */
  isRefused: boolean;
}

function compareVerdicts({ seed, text, own, problems, isRefused }: Verdicts, result: Comparison): void {
  const theirs = own.error !== undefined;
  const ours = problems.length > 0;
  const isUnseen = Object.keys(UNSEEN).some((key) => new RegExp(`\\b${key}["']?:\\s`).test(text));
  const isListed = theirs
    ? isRefused && isUnseen
    : problems.every(({ message }) => REFUSED.some(({ says }) => says.test(message)));
  if (theirs === ours) result[ours ? "refused" : "accepted"]++;
  else if (isListed) result.listed++;
  else {
    const said = problems.map(({ line, column, message }) => `${line}:${column} ${message}`).join("; ");
    result.differences.push(`seed ${seed}: Compose ${own.error ?? "accepts"}, here ${said || "accepted"}`);
  }
}

/** What was rendered is read by Compose on the server, after Dokploy's own YAML round trip, and means what the file meant. */
async function compareRendered(
  files: readonly { seed: number; own: Answer; output: Rendered }[],
  result: Comparison,
): Promise<void> {
  const asked = files.map(({ output }) => {
    const secrets = Object.keys(output.secretEnv).map((name) => [name, "a-secret"]);
    return {
      text: stringify(parse(output.text), { lineWidth: 1000 }),
      env: { ...output.env, ...Object.fromEntries(secrets) },
    };
  });
  const answers = await askCompose(asked);
  for (const [index, { seed, own, output }] of files.entries()) {
    const { error, project } = answers[index] as Answer;
    result.rendered++;
    const env = { ...ENV, ...asked[index]?.env };
    const found =
      !project || !own.project ? [] : compareMeaning(own.project, project, { ...output, env, readFile: textOf });
    if (error !== undefined) result.differences.push(`seed ${seed}: Compose refuses the rendered text: ${error}`);
    result.differences.push(...found.map((difference) => `seed ${seed}: ${difference}`));
  }
}

/** The file with all that it takes of the server allowed: what is meant by that is compared too. */
function allowAll(text: string, seen: ComposeFile | undefined): string {
  const names = seen
    ? findRights(seen, { service: SERVICE, suffix: STACK.SUFFIX }).map(({ names: [name] }) => name)
    : [];
  const settings = { allow: [...new Set(names)], why: "it is random" };
  return names.length === 0 ? text : `x-dockmaster: ${JSON.stringify(settings)}\n${text}`;
}

function textOf(path: string): string {
  return `text of ${path.replace(/^\.\//, "")}\n`;
}

function inputOf(text: string): RenderInput {
  return {
    file: "compose.yaml",
    text,
    service: SERVICE,
    suffix: STACK.SUFFIX,
    catalogue: [],
    variables: STACK,
    env: OWN,
    containerEnv: {},
    secrets: { mode: "environment", fingerprint: () => "0123456789abcdef" },
    grants: {},
    readFile: (path) => ({ bytes: new TextEncoder().encode(textOf(path)), executable: false }),
    envProblem: () => undefined,
  };
}
