import { DokployError } from "./errors.ts";

/** The answer, or undefined when Dokploy itself says that there is no such object. */
export async function found<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof DokployError && error.kind === "not-found") return undefined;
    throw error;
  }
}
