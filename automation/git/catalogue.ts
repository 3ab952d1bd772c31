import { parse } from "yaml";
import { z } from "zod";
import type { Mirror } from "./mirror.ts";

/** Updated by people only: the runner must not restart itself or what it leans on. */
const BY_HAND = "bootstrap";

const stackFile = z.object({
  config: z.object({ "platform:services": z.array(z.string()).optional() }).optional(),
});

/** Stack names of a list of paths: `Pulumi.staging.yaml` → `staging`; never `bootstrap`. */
export function toStacks(files: string[]): string[] {
  return files
    .map((file) => /^Pulumi\.([a-z][a-z0-9-]*)\.yaml$/.exec(file)?.[1])
    .filter((stack) => stack !== undefined && stack !== BY_HAND) as string[];
}

/** Services of a stack: what its file lists, else every `components/<service>` with a compose file. */
export function toServices(stackText: string, files: string[]): string[] {
  const parsed = stackFile.safeParse(parse(stackText) ?? {});
  const listed = parsed.success ? parsed.data.config?.["platform:services"] : undefined;
  if (listed) return [...listed];
  return files
    .map((file) => /^components\/([a-z][a-z0-9-]*)\/compose\.ya?ml$/.exec(file)?.[1])
    .filter((service) => service !== undefined && service !== "runner") as string[];
}

/** What commits hold: their stacks and services. */
export interface Catalogue {
  /** Stacks that a commit has a file for. */
  stacks(commit: string): Promise<string[]>;
  /** Services of a stack at a commit; undefined when the commit has no file for the stack, or is not here yet. */
  services(commit: string, stack: string): Promise<string[] | undefined>;
}

/** How many answers are kept. */
const KEPT = 500;

/**
 * Reads catalogues from the mirror. A commit never changes, so every answer is read once; that there is none may only
 * say that the commit was not fetched yet.
 */
export function createCatalogue(mirror: Mirror): Catalogue {
  const known = new Map<string, Promise<string[] | undefined>>();
  const once = (key: string, read: () => Promise<string[] | undefined>) => {
    const answer = known.get(key) ?? read();
    if (known.size >= KEPT) known.clear();
    known.set(key, answer);
    const forget = () => known.delete(key);
    answer.then((found) => found === undefined && forget(), forget);
    return answer;
  };
  return {
    stacks: async (commit) =>
      (await once(commit, async () =>
        toStacks((await mirror.git(["ls-tree", "-z", "--name-only", commit])).split("\0")),
      )) ?? [],
    services: (commit, stack) =>
      once(`${commit} ${stack}`, async () => {
        const [text, files] = await Promise.all([
          mirror.readText(commit, `Pulumi.${stack}.yaml`),
          mirror.listFiles(commit, "components/"),
        ]);
        return text === undefined ? undefined : toServices(text, files);
      }),
  };
}
