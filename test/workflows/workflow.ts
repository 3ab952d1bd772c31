import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const FOLDER = new URL("../../.github/workflows/", import.meta.url).pathname;

/** One step of a job. */
export interface Step {
  name?: string;
  id?: string;
  if?: string;
  uses?: string;
  with?: Record<string, string | number | boolean>;
  run?: string;
  env?: Record<string, string>;
}

/** One job. */
export interface Job {
  name: string;
  if?: string;
  needs?: string | string[];
  environment?: string | { name: string };
  permissions: Record<string, string>;
  "timeout-minutes": number;
  env?: Record<string, string>;
  steps: Step[];
}

/** A workflow as its file says it. */
export interface Workflow {
  name: string;
  on: Record<string, { branches?: string[]; paths?: string[]; inputs?: Record<string, unknown> } | null>;
  permissions: Record<string, string>;
  concurrency: { group: string; "cancel-in-progress": boolean | string };
  env?: Record<string, string>;
  jobs: Record<string, Job>;
}

/** Names of the workflows, without `.yml`. */
export function workflowNames(): string[] {
  return readdirSync(FOLDER).map((file) => file.replace(/\.yml$/, ""));
}

/** The text of a workflow's file. */
export function readWorkflowText(name: string): string {
  return readFileSync(join(FOLDER, `${name}.yml`), "utf8");
}

export function readWorkflow(name: string): Workflow {
  return parse(readWorkflowText(name)) as Workflow;
}
