import { markdownWords } from "../../text/markdown.ts";

/** One change by its conventional title (https://www.conventionalcommits.org); a title of another form is `other`. */
export interface Change {
  commit: string;
  type: string;
  scope: string | null;
  breaking: boolean;
  text: string;
}

/** What a release brings. */
export interface ReleaseNotes {
  tag: string;
  /** The production release before it; null for the first. */
  since: string | null;
  changes: Change[];
  /** Services that the changes touch. */
  services: string[];
}

/** The parts of a commit's title. */
export function parseSubject(subject: string): Omit<Change, "commit"> {
  const [, type, scope, mark, text] = /^([a-z]+)(?:\(([^)]+)\))?(!)?: (.+)$/.exec(subject) ?? [];
  if (type === undefined || text === undefined) return { type: "other", scope: null, breaking: false, text: subject };
  return { type, scope: scope ?? null, breaking: mark === "!", text };
}

const SECTIONS: { title: string; has(change: Change): boolean }[] = [
  { title: "Breaking", has: ({ breaking }) => breaking },
  { title: "New", has: ({ type }) => type === "feat" },
  { title: "Fixed", has: ({ type }) => type === "fix" },
  { title: "Also", has: () => true },
];

/** The notes as Markdown. */
export function formatNotes({ since, changes, services }: ReleaseNotes): string {
  const left = [...changes];
  const sections = SECTIONS.flatMap(({ title, has }) => {
    const own = left.filter(has);
    for (const change of own) left.splice(left.indexOf(change), 1);
    return own.length === 0 ? [] : [`### ${title}`, "", ...own.map(formatChange), ""];
  });
  const heading = since === null ? "The first release for production." : `Changes since ${since}.`;
  const touched = services.length === 0 ? "No service is touched." : `Services touched: ${services.join(", ")}.`;
  return `${[heading, touched, "", ...sections].join("\n").trimEnd()}\n`;
}

/** Titles come from strangers: nothing in them may become a tag, a link or a mention. */
function formatChange({ scope, text, commit }: Change): string {
  return `- ${markdownWords(`${scope === null ? "" : `${scope}: `}${text}`)} (${commit.slice(0, 7)})`;
}
