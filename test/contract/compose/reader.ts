import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { composeReader } from "../../tools/docker/compose-reader.mjs";

/** A compose file and the variables that it is read with. */
export interface Question {
  text: string;
  env: Readonly<Record<string, string>>;
}

/** What Compose says: why it refuses the file, or what it makes of it. */
export interface Answer {
  error?: string;
  project?: Project;
}

/** A project in Compose's canonical form. */
export interface Project {
  services: Record<string, ComposedService>;
  volumes?: Record<string, Record<string, unknown>>;
  configs?: Record<string, Record<string, unknown>>;
  secrets?: Record<string, Record<string, unknown>>;
  [key: string]: unknown;
}

export type ComposedService = Record<string, unknown>;

/** Asks Docker Compose's own loader about many files at once; the answers are in the order of the questions. */
export async function askCompose(questions: readonly Question[]): Promise<Answer[]> {
  const child = spawn(await composeReader(), { stdio: ["pipe", "pipe", "inherit"] });
  const answers: Answer[] = [];
  const read = (async () => {
    for await (const line of createInterface(child.stdout)) answers.push(JSON.parse(line) as Answer);
  })();
  for (const question of questions) {
    if (!child.stdin.write(`${JSON.stringify({ ...question, name: "project" })}\n`)) await once(child.stdin, "drain");
  }
  child.stdin.end();
  await read;
  if (answers.length !== questions.length)
    throw new Error(`${answers.length} answers to ${questions.length} questions`);
  return answers;
}
