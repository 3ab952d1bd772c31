import { spawn } from "node:child_process";

/** How a program ended, with all it wrote. */
export interface ProgramEnd {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program without a shell until its end; `input` goes to its stdin. Rejects only when it cannot be started. */
export function runProgram(
  command: string,
  args: string[],
  { cwd, env, input }: { cwd: string; env?: NodeJS.ProcessEnv; input?: string },
): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    // A program that ends before it has read everything says so by its exit code.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}
