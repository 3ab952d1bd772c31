import { spawn } from "node:child_process";

export interface DockerProcess {
  /** The words after `docker`. */
  words: readonly string[];
  folder: string;
  environment: Record<string, string>;
  onLine(line: string): void;
  signal?: AbortSignal;
}

/**
 * Runs `docker` to its end, without a shell; the exit code, or undefined when it could not start or was killed.
 * Its standard input stays open and empty, as Dokploy's child processes have it: a question is never answered.
 */
export function runDocker({ words, folder, environment, onLine, signal }: DockerProcess): Promise<number | undefined> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve(undefined);
    // A group of its own, because the Compose plugin is a child of `docker` and must die with it.
    const child = spawn("docker", words, { cwd: folder, env: environment, detached: true });
    const kill = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    };
    signal?.addEventListener("abort", kill, { once: true });
    for (const stream of [child.stdout, child.stderr]) {
      const reader = createLineReader(onLine);
      stream.setEncoding("utf8").on("data", reader.push).on("end", reader.end);
    }
    child.once("error", (error) => {
      onLine(`docker could not be started: ${error.message}`);
      resolve(undefined);
    });
    child.once("close", (code) => {
      signal?.removeEventListener("abort", kill);
      resolve(code ?? undefined);
    });
  });
}

/** Cuts a stream of text into lines. */
interface LineReader {
  push(chunk: string): void;
  /** Gives out what is left without a newline. */
  end(): void;
}

/** A question waits without a newline; after this many milliseconds of silence it counts as a line. */
const silence = 300;

export function createLineReader(onLine: (line: string) => void): LineReader {
  let rest = "";
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    if (rest.trim() !== "") onLine(rest);
    rest = "";
  };
  return {
    push: (chunk) => {
      clearTimeout(timer);
      const lines = (rest + chunk).split(/\r?\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
      if (rest !== "") timer = setTimeout(flush, silence);
    },
    end: flush,
  };
}
