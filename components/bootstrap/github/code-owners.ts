/** Paths that decide what runs with the platform's keys, and who may: a change of them needs somebody who answers for them. */
export const GUARDED_PATHS = ["/.github/", "/stacks/", "/components/"] as const;

/**
 * Which of them nobody owns by a CODEOWNERS file: the last pattern that matches counts, and one without an owner takes owners away
 * (https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners).
 * Only patterns for everything and for these folders are understood; others are about parts of them.
 */
export function unownedPaths(text: string): string[] {
  const rules = text
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter(Boolean)
    .map((line) => {
      const [pattern = "", ...owners] = line.split(/\s+/);
      return { pattern: pattern.replace(/\*\*?$/, ""), owned: owners.length > 0 };
    });
  return GUARDED_PATHS.filter((path) => {
    const folder = path.slice(1, -1);
    const names = ["", "/", path, `/${folder}`, `${folder}/`, folder];
    return rules.findLast(({ pattern }) => names.includes(pattern))?.owned !== true;
  });
}
