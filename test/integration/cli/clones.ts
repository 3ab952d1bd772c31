import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const GIT_ENV = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_AUTHOR_NAME: "Test",
  GIT_AUTHOR_EMAIL: "test@example.org",
  GIT_COMMITTER_NAME: "Test",
  GIT_COMMITTER_EMAIL: "test@example.org",
};

/** Real git in a folder. Returns what it prints, without the line end. */
export function git(folder: string, ...words: string[]): string {
  const env = { PATH: process.env.PATH, ...GIT_ENV };
  return execFileSync("git", words, {
    cwd: folder,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trimEnd();
}

/** A bare repository with a first commit on main, and clones of it. */
export interface Clones {
  origin: string;
  /** Clones the origin into a new folder. */
  clone(...options: string[]): string;
  /** Makes a git that is killed whenever it is to run `command`. Returns a PATH with it. */
  breakGit(command: string): string;
  close(): void;
}

export function createOrigin(): Clones {
  const folder = mkdtempSync(join(tmpdir(), "clones-"));
  const origin = join(folder, "origin.git");
  git(folder, "init", "--quiet", "--bare", "--initial-branch=main", origin);
  let count = 0;
  const clone = (...options: string[]) => {
    const path = join(folder, `clone-${++count}`);
    git(folder, "clone", "--quiet", ...options, `file://${origin}`, path);
    return path;
  };
  const first = clone();
  git(first, "switch", "--quiet", "--create", "main");
  commit(first, { "components/redis/compose.yaml": "services: {}\n" }, "feat: begin");
  git(first, "push", "--quiet", "origin", "main");
  const breakGit = (command: string) => {
    const bin = join(folder, "bin");
    writeScript(
      join(bin, "git"),
      `case " $* " in *" ${command} "*) kill -9 $$ ;; esac\nPATH=\${PATH#*:} exec git "$@"`,
    );
    return `${bin}:${process.env.PATH}`;
  };
  return { origin, clone, breakGit, close: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Commits these files. Returns the commit's id. */
export function commit(folder: string, files: Record<string, string>, message: string): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  git(folder, "add", "--all");
  git(folder, "commit", "--quiet", "--allow-empty", "-m", message);
  return git(folder, "rev-parse", "HEAD");
}

/** Commits on main and pushes it. Returns the commit's id. */
export function push(folder: string, message: string, files: Record<string, string> = {}): string {
  const id = commit(folder, files, message);
  git(folder, "push", "--quiet", "origin", "HEAD:main");
  return id;
}

/** The remote's tags with the commits that they name. */
export function remoteTags(origin: string): Record<string, string> {
  const lines = git(origin, "for-each-ref", "--format=%(refname:lstrip=2) %(*objectname)%(objectname)", "refs/tags");
  return Object.fromEntries(
    lines
      .split("\n")
      .filter(Boolean)
      .map((line) => [line.split(" ")[0] ?? "", (line.split(" ")[1] ?? "").slice(0, 40)]),
  );
}

/** A hook of the origin: a shell script that runs at every push. */
export function setHook(origin: string, name: string, script: string): void {
  writeScript(join(origin, "hooks", name), script);
}

function writeScript(file: string, script: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}
