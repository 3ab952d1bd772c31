import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { STACK } from "../components/bootstrap/runner/compose.ts";
import type { FoundFile } from "../components/compose/context.ts";
import { type Problem, printProblem, sortProblems } from "../components/compose/problem.ts";
import { explainClashesWith } from "../components/platform/names/explain.ts";
import type { MadeName } from "../components/platform/names/name.ts";
import type { PlannedServices, ServicePlan, StackSettings } from "../components/platform/plan.ts";
import { planServices } from "../components/platform/plan-services.ts";
import { bootstrapNames } from "./bootstrap/names.ts";
import { catalogue } from "./catalogue.ts";
import { noteClearEnv } from "./config/clear-secrets.ts";
import { readConfig, readServer, refuseSuffix, type StackConfig } from "./config/config.ts";
import { problemAt, type RawConfig } from "./config/raw-config.ts";
import { fromStackFile, readStackFile, stacksOf } from "./config/stack-file.ts";
import { isInSubmodule } from "./submodules.ts";

/** A whole stack, before anything is registered. */
export interface StackPlan {
  config: StackConfig;
  /** In the order of their dependencies. */
  services: ServicePlan[];
}

const ROOT = join(import.meta.dirname, "..");
const COMPONENTS = join(ROOT, "components");

/** Long enough for a master key; no name shows it. */
const STAND_IN_KEY = "stand-in".repeat(8);

/**
 * Plans a stack from its config and the files of this checkout: no engine, no network. All mistakes at once, and every name that it
 * makes twice or that another stack of this checkout makes as well.
 */
export function planStack(
  stack: string,
  raw: RawConfig,
  platformKey: string | undefined,
): { plan?: StackPlan } & Pick<PlannedServices, "problems" | "notes" | "refuseValue"> {
  const names = catalogue.map(({ name }) => name);
  const { config, problems } = readConfig({ stack, raw, catalogue: names, platformKey });
  // With a broken config the compose files are still looked at, under stand-ins, so that nobody fixes them one by one.
  const settings = config ?? standIn(stack, raw, names);
  const { services, names: made, problems: more, notes: told, refuseValue } = planFrom(settings, raw);
  // The names of a broken config are none that would be made.
  const elsewhere = config ? explainClashesWith(namesOfOthers(stack), made) : [];
  const all = sortProblems([...problems, ...more, ...elsewhere]);
  const plan = config && all.length === 0 ? { plan: { config, services } } : {};
  const notes = sortProblems([...told, ...noteClearEnv(raw, settings.services)]);
  return { ...plan, problems: all, notes, refuseValue };
}

/** Every name that a stack makes with these services, as far as its config and their files can be read. Needs no key. */
export function namesOf(stack: string, raw: RawConfig, services?: readonly string[]): MadeName[] {
  const names = catalogue.map(({ name }) => name);
  const { "platform:suffix": suffix, "platform:domain": domain, "dokploy:project": project = "platform" } = raw.values;
  // Without these two a stack names nothing yet, and with a suffix that it cannot have it never will.
  if (typeof suffix !== "string" || typeof domain !== "string" || refuseSuffix(stack, suffix)) return [];
  const { config } = readConfig({ stack, raw, catalogue: names, platformKey: STAND_IN_KEY });
  // Other mistakes of its config make no other names.
  const settings = config ?? { ...standIn(stack, raw, names), suffix, domain, project: String(project) };
  return planFrom({ ...settings, services: services ?? settings.services }, raw).names;
}

/** A problem for every name of the bootstrap stack that another stack of this checkout makes as well. */
export function bootstrapClashes(raw: RawConfig): Problem[] {
  return explainClashesWith(namesOfOthers(STACK), bootstrapNames(raw, ROOT));
}

/** The names of every other stack of this checkout; mistakes in their files are told where they are checked. */
function namesOfOthers(stack: string): MadeName[] {
  return stacksOf(ROOT)
    .filter((other) => other !== stack)
    .flatMap((other) => {
      const { raw } = fromStackFile(other, readStackFile(other) ?? "");
      if (!raw) return [];
      return other === STACK ? bootstrapNames(raw, ROOT) : namesOf(other, raw);
    });
}

function planFrom(settings: StackSettings, raw: RawConfig) {
  const configProblem = (...place: Parameters<typeof problemAt> extends [RawConfig, ...infer Rest] ? Rest : never) =>
    problemAt(raw, ...place);
  return planServices(settings, { catalogue, readFile, configProblem });
}

/** The text for people: every problem on a line of its own. */
export function printProblems(stack: string, problems: readonly Problem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return [
    `${count} in stack ${stack}; nothing was changed:`,
    ...problems.map((problem) => `  ${printProblem(problem)}`),
  ].join("\n");
}

function standIn(stack: string, raw: RawConfig, names: readonly string[]): StackConfig {
  const listed = raw.values["platform:services"];
  const services = Array.isArray(listed) ? listed.map(String) : names;
  const settings = Object.fromEntries(names.map((name) => [name, raw.values[`platform:${name}`]]));
  const constants = {
    domain: "example.org",
    suffix: "-check",
    key: "stand-in",
    project: "platform",
    server: readServer(raw),
    disposable: false,
    keepsRoutes: false,
  };
  const inVault = raw.values["platform:secrets"] === "vault";
  const vault = inVault ? { layout: { project: "platform" }, address: "https://vault.example.org" } : undefined;
  return { stack, ...constants, services, settings, vault, guarded: new Set() };
}

function readFile(service: string, path: string): FoundFile {
  const file = join(COMPONENTS, service, path);
  if (isInSubmodule(file)) return "submodule";
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) return undefined;
  if (stat.isDirectory()) return "directory";
  return { bytes: readFileSync(file), executable: (stat.mode & 0o100) !== 0 };
}
