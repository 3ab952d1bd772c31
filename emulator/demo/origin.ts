import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The Git repository that the demo's runner deploys from, and a clone to work in. */
export interface Origin {
  /** Bare repository. */
  url: string;
  /** Clone with the work tree. */
  folder: string;
  /** Commits what was edited in the clone, tags it and pushes both. */
  release(tag: string, message: string): void;
  /** Another tag on a commit that has one, as a promotion makes it. */
  promote(from: string, to: string): void;
  edit(file: string, change: (text: string) => string): void;
}

/** Makes an origin below `folder` from the files of `checkout`, committed or not, less what Git ignores there. */
export function createOrigin(checkout: string, folder: string): Origin {
  const url = join(folder, "origin.git");
  const clone = join(folder, "laptop");
  mkdirSync(clone, { recursive: true });
  const env = {
    ...process.env,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_AUTHOR_NAME: "Demo",
    GIT_AUTHOR_EMAIL: "demo@example.org",
    GIT_COMMITTER_NAME: "Demo",
    GIT_COMMITTER_EMAIL: "demo@example.org",
  };
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", clone, ...args], { env, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
  const tag = (name: string, kind: string, at: string, trailers: string[]) =>
    git("tag", "-a", name, at, "-m", `${name}\n\nDockmaster-Kind: ${kind}\n${trailers.join("\n")}`);

  git("init", "--quiet", "--bare", "--initial-branch=main", url);
  git("init", "--quiet", "--initial-branch=main");
  git("remote", "add", "origin", url);
  // The checkout lends its files through a work tree of this repository: nothing is written there.
  git(`--work-tree=${checkout}`, "add", "--all");
  git("commit", "--quiet", "-m", "feat: the platform");
  git("reset", "--quiet", "--hard");
  git("push", "--quiet", "--set-upstream", "origin", "main");

  return {
    url,
    folder: clone,
    release(name, message) {
      git("add", "--all");
      git("commit", "--quiet", "--allow-empty", "-m", message);
      tag(name, "staging", "HEAD", ["Released-By: demo"]);
      git("push", "--quiet", "origin", "main", `refs/tags/${name}`);
    },
    promote(from, to) {
      tag(to, "production", `${from}^{commit}`, [`Promoted-From: ${from}`, "Released-By: demo"]);
      git("push", "--quiet", "origin", `refs/tags/${to}`);
    },
    edit(file, change) {
      const path = join(clone, file);
      const text = readFileSync(path, "utf8");
      const edited = change(text);
      if (edited === text) throw new Error(`the demo's edit of ${file} changes nothing`);
      writeFileSync(path, edited);
    },
  };
}
