import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..", "..");

/** How a command of the CLI ended. */
export interface CliEnd {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Where a command runs; `env` comes on top of PATH and HOME, `input` on stdin. */
interface CliOptions {
  cwd?: string;
  env?: Record<string, string>;
  input?: string;
}

/** Runs `dockmaster <words>` as a process of its own, without a terminal. */
export function runCli(words: string[], options: CliOptions = {}): Promise<CliEnd> {
  return startCli(words, options).ended;
}

/** Starts `dockmaster <words>`; `until` resolves when stdout holds a text. */
export function startCli(words: string[], options: CliOptions = {}) {
  const { PATH = "", HOME = "", NODE_COMPILE_CACHE = "" } = process.env;
  const child = spawn(process.execPath, [join(ROOT, "cli", "main.ts"), ...words], {
    cwd: options.cwd ?? ROOT,
    env: { PATH, HOME, NODE_COMPILE_CACHE, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {});
  child.stdin.end(options.input);
  let stdout = "";
  let stderr = "";
  const waiting: { text: string; found: () => void }[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    for (const each of waiting) if (stdout.includes(each.text)) each.found();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<CliEnd>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  const until = (text: string) =>
    new Promise<void>((resolve, reject) => {
      if (stdout.includes(text)) return resolve();
      waiting.push({ text, found: resolve });
      ended.then(() => reject(new Error(`ended without "${text}":\n${stdout}${stderr}`)), reject);
    });
  return { child, ended, until };
}

/** Copies what makes the platform (stacks, components, their config) below a new folder, to be edited by a test. */
export function copyPlatform(): string {
  const folder = mkdtempSync(join(tmpdir(), "platform-"));
  for (const name of ["stacks", "components", "text", "tools", "package.json", "Pulumi.yaml"]) copy(name, folder);
  for (const stack of ["staging", "production"]) copy(`Pulumi.${stack}.yaml`, folder);
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

function copy(name: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  cpSync(join(ROOT, name), join(folder, name), { recursive: true });
}
