import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { FileContent } from "../components/compose/context.ts";
import { type Problem, printProblem, sortProblems } from "../components/compose/problem.ts";
import { planServices, type ServicePlan } from "../components/plan-services.ts";
import { catalogue } from "./catalogue.ts";
import { readConfig, type StackConfig } from "./config.ts";
import { problemAt, type RawConfig } from "./raw-config.ts";

/** A whole stack, before anything is registered. */
export interface StackPlan {
  config: StackConfig;
  /** In the order of their dependencies. */
  services: ServicePlan[];
}

const COMPONENTS = join(import.meta.dirname, "..", "components");

/** Plans a stack from its config and the files of this checkout: no engine, no network. All mistakes at once. */
export function planStack(
  stack: string,
  raw: RawConfig,
  platformKey: string | undefined,
): { plan?: StackPlan; problems: Problem[] } {
  const names = catalogue.map(({ name }) => name);
  const { config, problems } = readConfig({ stack, raw, catalogue: names, platformKey });
  // With a broken config the compose files are still looked at, under stand-ins, so that nobody mends them one by one.
  const settings = config ?? standIn(stack, raw, names);
  const { services, problems: more } = planServices(settings, {
    catalogue,
    readFile,
    configProblem: (...place) => problemAt(raw, ...place),
  });
  const all = sortProblems([...problems, ...more]);
  return config && all.length === 0 ? { plan: { config, services }, problems: [] } : { problems: all };
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
    disposable: false,
    keepsRoutes: false,
  };
  const inVault = raw.values["platform:secrets"] === "vault";
  const vault = inVault ? { layout: { project: "platform" }, address: "https://vault.example.org" } : undefined;
  return { stack, ...constants, services, settings, vault, guarded: new Set() };
}

function readFile(service: string, path: string): FileContent | "directory" | undefined {
  const file = join(COMPONENTS, service, path);
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) return undefined;
  if (stat.isDirectory()) return "directory";
  return { bytes: readFileSync(file), executable: (stat.mode & 0o100) !== 0 };
}
