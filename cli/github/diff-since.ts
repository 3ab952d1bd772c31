import { affectedServices } from "../../automation/domain/releases/affected.ts";
import { toServices } from "../../automation/git/catalogue.ts";
import { createGit, type Git, GitError } from "../../automation/git/git.ts";

/**
 * What differs in Git between the commit that a stack has and another one, in the files that make these services. Git
 * holds no secret in clear; what Pulumi encrypted is left out all the same. Undefined when this clone lacks a commit.
 */
export async function diffSince(
  { from, to, stack, services }: { from: string; to: string; stack: string; services: string[] },
  { env, folder }: { env: NodeJS.ProcessEnv; folder: string },
): Promise<string | undefined> {
  const inFolder = createGit({ env, mask: (text) => text });
  const git: Git = (words) => inFolder(words, { cwd: folder });
  try {
    const changed = (await git(["diff", "--name-only", "-z", "--no-renames", "--end-of-options", from, to])).split(
      "\0",
    );
    const files = (await git(["ls-tree", "-r", "-z", "--name-only", to, "--", "components"])).split("\0");
    const known = [...new Set([...toServices("", files), ...services])];
    const { paths } = affectedServices(changed.filter(Boolean), known);
    const wanted = paths.filter(
      ({ path, services: touched }) =>
        touched.some((service) => services.includes(service)) &&
        path !== "package-lock.json" &&
        (!path.startsWith("Pulumi.") || ["Pulumi.yaml", `Pulumi.${stack}.yaml`].includes(path)),
    );
    if (wanted.length === 0) return "";
    const words = ["diff", "--no-color", "--no-ext-diff", "--no-textconv", "--end-of-options", from, to, "--"];
    return maskEncrypted(await git([...words, ...wanted.map(({ path }) => `:(literal)${path}`)]));
  } catch (error) {
    if (error instanceof GitError) return undefined;
    throw error;
  }
}

/** Takes out the values that Pulumi encrypted: nobody can read them, and a key may leak one day. */
export function maskEncrypted(diff: string): string {
  return diff.replace(/^([+\- ]\s*(?:secure|encryptionsalt|encryptedkey):).*$/gm, "$1 [secret]");
}
