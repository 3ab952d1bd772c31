import type { Mirror } from "../git/mirror.ts";

/** Says in a commit's or a tag's message that what it does cannot be undone by going back. */
const SAYS = /^dockmaster-irreversible\s*:/im;

const END_OF_COMMIT = "\0";

/**
 * Commits and tags that say `Dockmaster-Irreversible`, of those that `from` has and `to` has not, by name. Wherever in the message it
 * stands, so that a trailer that somebody wrote a line below is not missed. Null when Git cannot tell.
 */
export async function findIrreversible(
  mirror: Pick<Mirror, "git" | "tags" | "tagMessage">,
  { from, to }: { from: string; to: string },
): Promise<string[] | null> {
  let log: string;
  try {
    log = await mirror.git(["log", "-z", "--format=%H%n%B", `${to}..${from}`]);
  } catch {
    return null;
  }
  const commits = log.split(END_OF_COMMIT).flatMap((text) => {
    const end = text.indexOf("\n");
    return end === -1 ? [] : [{ commit: text.slice(0, end), message: text.slice(end + 1) }];
  });
  const between = new Set(commits.map(({ commit }) => commit));
  const tags = (await mirror.tags()).filter(({ commit }) => between.has(commit));
  const said = await Promise.all(
    tags.map(async ({ tag }) => (SAYS.test((await mirror.tagMessage(tag)) ?? "") ? [tag] : [])),
  );
  const named = commits.filter(({ message }) => SAYS.test(message)).map(({ commit }) => commit.slice(0, 7));
  return [...said.flat(), ...named];
}
