import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What a runner can know of its own version. */
export interface VersionFacts {
  /** Release that its image was built for; "" or undefined: nobody said. */
  release: string | undefined;
  /** Commit of its image. */
  commit: string | undefined;
  /** What `git describe` says of its checkout. */
  described: string | undefined;
  /** The package's own version. */
  version: string;
}

/** What an image says of itself. */
export const IMAGE_VARIABLES = ["DOCKMASTER_IMAGE_RELEASE", "DOCKMASTER_IMAGE_COMMIT"];

/** How a commit is shown. */
const SHORT = 7;

/**
 * The version that `/health` shows: the image's release, else what Git says of the checkout, else the package's version with the
 * commit, where one is known, as build metadata (https://semver.org). Pure.
 */
export function describeVersion({ release, commit, described, version }: VersionFacts): string {
  if (release) return release;
  if (described) return /^[0-9a-f]+(-dirty)?$/.test(described) ? `${version}+${described}` : described;
  return commit ? `${version}+${commit.slice(0, SHORT)}` : version;
}

/** Reads the version of the runner whose files are in `folder`. `env` is what its image was built with. */
export function readVersion(folder: string, env: Record<string, string | undefined>): string {
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  const { DOCKMASTER_IMAGE_RELEASE: release, DOCKMASTER_IMAGE_COMMIT: commit } = env;
  return describeVersion({
    release,
    commit,
    version,
    described: release || commit ? undefined : describe(folder, env),
  });
}

/** `v1.4.2`, `v1.4.2-3-gabc1234`, or a bare commit; undefined where there is no checkout, or no Git. Never asks above the folder. */
function describe(folder: string, env: Record<string, string | undefined>): string | undefined {
  const words = ["describe", "--tags", "--match", "v[0-9]*", "--always", "--dirty", `--abbrev=${SHORT}`];
  try {
    return execFileSync("git", words, {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 5_000,
      env: { PATH: env.PATH, GIT_CEILING_DIRECTORIES: join(folder, "..") },
    }).trim();
  } catch {
    return undefined;
  }
}
