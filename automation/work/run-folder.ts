import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { stateCopies } from "../state/state-copies.ts";

/** A run's own folder, for what the engine writes beside the state. */
export interface RunFolder {
  /** The copy of the stack's file that the engine gets: it may write into it, and the checkout stays clean. */
  configFile: string;
  /** Where the state is copied to before a cut-off update is repaired. */
  stateCopy(attempt: number): string;
  /** Removes the copy of the stack's file. Copies of the state stay. */
  clean(): Promise<void>;
}

/** Makes the folder of a run. Throws when the checkout has no file for the stack. */
export async function makeRunFolder(dataDir: string, run: string, workDir: string, stack: string): Promise<RunFolder> {
  const folder = join(dataDir, "runs", run);
  await mkdir(folder, { recursive: true });
  const name = `Pulumi.${stack}.yaml`;
  const configFile = join(folder, name);
  await copyFile(join(workDir, name), configFile);
  return {
    configFile,
    stateCopy: (attempt) => join(stateCopies(dataDir), `${stack}-${run}-${attempt}.json`),
    clean: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The program's name: `name` of its Pulumi.yaml. Throws when there is none. */
export async function readProject(workDir: string): Promise<string> {
  const { name } = (parse(await readFile(join(workDir, "Pulumi.yaml"), "utf8")) ?? {}) as { name?: unknown };
  if (typeof name !== "string" || !/^[\w.-]+$/.test(name)) throw new Error("Pulumi.yaml has no name");
  return name;
}
