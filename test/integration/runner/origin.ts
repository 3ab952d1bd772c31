import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = new URL("../../..", import.meta.url).pathname;

/** A repository that a runner fetches from, with a working copy to make commits in. */
export interface Origin {
  /** Address for GIT_REPO_URL. */
  url: string;
  /** Working copy. */
  folder: string;
  git(...words: string[]): string;
  /** Writes files, commits, and tags the commit when a tag is given; pushes all. Returns the commit. */
  release(tag: string | null, files: Record<string, string>): string;
}

/** Writes a program's files into a folder. */
export type Program = (folder: string) => void;

/** Two services that a test scripts through files. */
export const fixtureProgram: Program = (folder) => {
  cpSync(join(root, "test/fixtures/program"), folder, { recursive: true });
  // The runner's own lock file, so that its own modules serve and nothing has to be installed.
  copyFileSync(join(root, "package-lock.json"), join(folder, "package-lock.json"));
  writeFileSync(join(folder, "env.json"), "{}");
};

/** Writes the platform of this checkout. */
export const currentPlatform: Program = (folder) => {
  for (const part of ["stacks", "components", "text", "tools", "package.json", "package-lock.json", "Pulumi.yaml"]) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
};

/** Writes the platform as it was recorded before its files were put into rooms. The runner's own lock file: see `fixtureProgram`. */
export const platformBeforeRooms: Program = (folder) => {
  execFileSync("tar", ["-xzf", join(root, "test/fixtures/releases/before-rooms.tar.gz"), "-C", folder]);
  copyFileSync(join(root, "package-lock.json"), join(folder, "package-lock.json"));
};

/** A platform with these services, on two stacks. */
export function platformProgram(services: string[], platform = currentPlatform): Program {
  return (folder) => {
    platform(folder);
    for (const [stack, suffix] of [
      ["staging", "-staging"],
      ["production", '""'],
    ]) {
      const config = `  platform:domain: ${stack}.example.org\n  platform:suffix: ${suffix}\n`;
      writeFileSync(
        join(folder, `Pulumi.${stack}.yaml`),
        `config:\n${config}  platform:services: [${services.join(", ")}]\n`,
      );
    }
  };
}

/** Makes an origin that holds a program, with `v1.0.1` on its first commit. */
export function createOrigin(folder: string, program: Program): Origin {
  const bare = join(folder, "origin.git");
  const clone = join(folder, "clone");
  const run = (cwd: string, words: string[]) =>
    execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.org", ...words], {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  mkdirSync(bare, { recursive: true });
  run(bare, ["init", "--quiet", "--bare", "--initial-branch=main"]);
  mkdirSync(clone);
  program(clone);
  run(clone, ["init", "--quiet", "--initial-branch=main"]);
  run(clone, ["remote", "add", "origin", bare]);
  const origin: Origin = {
    url: bare,
    folder: clone,
    git: (...words) => run(clone, words),
    release: (tag, files) => {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(clone, path)), { recursive: true });
        writeFileSync(join(clone, path), text);
      }
      run(clone, ["add", "--all"]);
      run(clone, ["commit", "--quiet", "--allow-empty", "-m", `release ${tag ?? "nothing"}`]);
      if (tag) run(clone, ["tag", "-a", tag, "-m", `Release ${tag}`]);
      run(clone, ["push", "--quiet", "origin", "HEAD", ...(tag ? [`refs/tags/${tag}`] : [])]);
      return run(clone, ["rev-parse", "HEAD"]);
    },
  };
  origin.release("v1.0.1", {});
  return origin;
}
