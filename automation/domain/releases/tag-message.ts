import type { ReleaseKind } from "./release-tag.ts";

/** What an annotated release tag says about itself, so that the release rules can be checked from Git alone. */
export interface TagTrailers {
  kind: ReleaseKind | null;
  /** The staging release that was promoted. */
  promotedFrom: string | null;
  releasedBy: string | null;
  /** Releases whose changes were given up on purpose (`--drop`). */
  drops: string[];
}

const KINDS: readonly ReleaseKind[] = ["staging", "production", "hotfix"];
const LONGEST = 200;

/** The message of a release tag: one line for people, then the trailers. */
export function formatTagMessage(tag: string, trailers: TagTrailers): string {
  const lines = [
    trailers.kind && `Dockmaster-Kind: ${trailers.kind}`,
    trailers.promotedFrom && `Promoted-From: ${toOneLine(trailers.promotedFrom)}`,
    trailers.releasedBy && `Released-By: ${toOneLine(trailers.releasedBy)}`,
    ...trailers.drops.map((drop) => `Drops: ${toOneLine(drop)}`),
  ].filter(Boolean);
  return `Release ${tag}\n\n${lines.join("\n")}\n`;
}

/** The trailers in the last paragraph of a tag's message; what is absent or unknown is null. A signature below it is skipped. */
export function parseTagMessage(message: string): TagTrailers {
  const [unsigned = ""] = message.replaceAll("\r\n", "\n").split(/^-----BEGIN /m, 1);
  const paragraphs = unsigned.trim().split(/\n\s*\n/);
  const lines = paragraphs.length > 1 ? (paragraphs.at(-1) ?? "").split("\n") : [];
  const values = (key: string) =>
    lines
      .map((line) => /^([\w-]+):\s*(.*\S)\s*$/.exec(line))
      .filter((match) => match?.[1]?.toLowerCase() === key)
      .map((match) => match?.[2] ?? "");
  const kind = values("dockmaster-kind").at(-1);
  return {
    kind: KINDS.find((known) => known === kind) ?? null,
    promotedFrom: values("promoted-from").at(-1) ?? null,
    releasedBy: values("released-by").at(-1) ?? null,
    drops: values("drops"),
  };
}

/** A line end in a name would add trailers that nobody meant. */
function toOneLine(text: string): string {
  return text
    .replace(/[\p{C}\s]+/gu, " ")
    .trim()
    .slice(0, LONGEST);
}
