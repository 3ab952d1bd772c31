import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Contexts, evaluate, expand } from "./expression.ts";
import type { Job, Step, Workflow } from "./workflow.ts";

const root = new URL("../..", import.meta.url).pathname;

/** Where a job runs: what GitHub would give it. */
export interface Machine {
  /** Folder for workspaces and files of this test. */
  folder: string;
  /** The repository that `actions/checkout` clones. */
  origin: string;
  vars: Record<string, string>;
  secrets: Record<string, string>;
  /** Folder of the `gh` double's state. */
  github: string;
}

/** What started a job. */
export interface Event {
  inputs?: Record<string, string>;
  /** Fields of the `github` context beside those that every job has. */
  github?: Record<string, unknown>;
}

/** How a job ended. */
export interface JobEnd {
  ok: boolean;
  skipped: boolean;
  /** Everything that its steps printed. */
  output: string;
  /** The step that failed. */
  failed: string | undefined;
  summary: string;
  /** `outputs` of its steps, by id. */
  outputs: Record<string, Record<string, string>>;
}

/** Actions, by name, that do something here; what only prepares GitHub's machine does nothing. */
const ACTIONS: Record<string, (run: JobRun, inputs: Record<string, string>) => void> = {
  "actions/checkout": checkout,
  "actions/setup-node": () => {},
};

interface JobRun {
  machine: Machine;
  workspace: string;
  contexts: Contexts;
}

/** Runs a job's steps in order, as Actions would: `run` in bash with the environment of workflow, job and step. */
export async function runJob(machine: Machine, workflow: Workflow, job: Job, event: Event): Promise<JobEnd> {
  const temp = mkdtempSync(join(machine.folder, "job-"));
  const workspace = join(temp, "workspace");
  mkdirSync(workspace);
  const head = git(machine.origin, "rev-parse", "refs/heads/main");
  const outputs: JobEnd["outputs"] = {};
  const steps: Record<string, { outputs: Record<string, string> }> = {};
  const contexts: Contexts = {
    github: { sha: head, ref: "refs/heads/main", repository: "team/platform", token: "a-job-token", ...event.github },
    inputs: event.inputs ?? {},
    vars: machine.vars,
    secrets: machine.secrets,
    steps,
  };
  const summaryFile = join(temp, "summary.md");
  writeFileSync(summaryFile, "");
  const end = (more: Partial<JobEnd>): JobEnd => ({
    ...{ ok: true, skipped: false, output, failed: undefined, outputs },
    summary: readFileSync(summaryFile, "utf8"),
    ...more,
  });
  let output = "";
  if (job.if !== undefined && !isTrue(job.if, contexts)) return end({ skipped: true });
  for (const [index, step] of job.steps.entries()) {
    const name = step.name ?? step.uses ?? `step ${index}`;
    if (step.if !== undefined && !isTrue(step.if, contexts)) continue;
    if (step.uses !== undefined) {
      useAction(step, { machine, workspace, contexts });
      continue;
    }
    const outputFile = join(temp, `output-${index}`);
    writeFileSync(outputFile, "");
    const env = {
      ...baseEnvironment(machine, temp, contexts),
      GITHUB_OUTPUT: outputFile,
      GITHUB_STEP_SUMMARY: summaryFile,
      ...expandAll({ ...workflow.env, ...job.env, ...step.env }, contexts),
    };
    const { code, text } = await bash(step.run ?? "", { cwd: workspace, env, temp });
    output += text;
    if (step.id !== undefined) {
      outputs[step.id] = readOutputs(outputFile);
      steps[step.id] = { outputs: readOutputs(outputFile) };
    }
    if (code !== 0) return end({ ok: false, failed: name });
  }
  return end({});
}

function isTrue(condition: string, contexts: Contexts): boolean {
  return evaluate(condition.replace(/^\$\{\{\s*|\s*\}\}$/g, ""), contexts) === true;
}

function expandAll(values: Record<string, unknown>, contexts: Contexts): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, expand(String(value), contexts)]));
}

function useAction(step: Step, run: JobRun): void {
  const [name = ""] = (step.uses ?? "").split("@");
  const action = ACTIONS[name];
  if (!action) throw new Error(`nothing is known of the action ${name}`);
  action(run, expandAll(step.with ?? {}, run.contexts));
}

/** https://github.com/actions/checkout: one commit deep unless told otherwise, with `fetch-depth: 0` every branch and tag. */
function checkout({ machine, workspace, contexts }: JobRun, inputs: Record<string, string>): void {
  const ref = inputs.ref || String(evaluate("github.sha", contexts));
  git(workspace, "init", "--quiet");
  git(workspace, "remote", "add", "origin", `file://${machine.origin}`);
  if (inputs["fetch-depth"] === "0") {
    git(workspace, "fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*");
  } else git(workspace, "fetch", "--quiet", "--no-tags", "--depth=1", "origin", ref);
  git(workspace, "checkout", "--quiet", "--detach", ref);
}

/** The environment of GitHub's machines as far as steps count on it; nobody's Git name among it. */
function baseEnvironment(machine: Machine, temp: string, contexts: Contexts): Record<string, string> {
  const { sha, ref, repository } = contexts.github as Record<string, string>;
  return {
    PATH: [doubles(machine), dirname(process.execPath), process.env.PATH].join(":"),
    HOME: temp,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? "",
    CI: "true",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GITHUB_ACTIONS: "true",
    GITHUB_ACTOR: "octocat",
    GITHUB_SHA: sha ?? "",
    GITHUB_REF: ref ?? "",
    GITHUB_REPOSITORY: repository ?? "",
    RUNNER_TEMP: temp,
    GH_DOUBLE: machine.github,
    NODE_MODULES_DOUBLE: join(root, "node_modules"),
  };
}

/** A folder with the programs that stand in for GitHub's and for the package registry's. */
function doubles({ folder }: Machine): string {
  const bin = join(folder, "doubles");
  if (existsSync(bin)) return bin;
  mkdirSync(bin);
  for (const name of ["gh", "npm"]) {
    const file = join(bin, name);
    const program = new URL(`doubles/${name}.ts`, import.meta.url).pathname;
    writeFileSync(file, `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
    chmodSync(file, 0o755);
  }
  return bin;
}

/** Runs a script as Actions does on Linux, where a step names no shell. */
function bash(
  script: string,
  { cwd, env, temp }: { cwd: string; env: Record<string, string>; temp: string },
): Promise<{ code: number | null; text: string }> {
  const file = join(temp, "script.sh");
  writeFileSync(file, script);
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["-e", file], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, text }));
  });
}

function readOutputs(file: string): Record<string, string> {
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

function git(cwd: string, ...words: string[]): string {
  return execFileSync("git", words, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}
