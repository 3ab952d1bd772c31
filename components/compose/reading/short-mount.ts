import type { Mount } from "../model.ts";

/**
 * Reads the short form of a mount as Compose does: `data:/data`, `./a:/a:ro`, `/cache`. A letter before a colon is a Windows drive.
 * https://github.com/compose-spec/compose-go/blob/v2.9.0/format/volume.go
 */
export function parseMount(text: string): { mount: Mount; problem?: { message: string; hint: string } } {
  const mount: Mount = { type: "volume" };
  if (text === "") return { mount, problem: { message: "an empty mount", hint: "write `volume:/path`" } };
  if (text.length <= 2) return { mount: { ...mount, target: text } };
  const parts = splitAtColons(text);
  const broken = (message: string) => ({
    mount,
    problem: {
      message: `\`${text}\` is no mount: ${message}`,
      hint: "write `volume:/path`, `./file:/path:ro`, or the long form",
    },
  });
  if (parts.includes("")) return broken("there is nothing between two colons");
  if (parts.length > 3) return broken("too many colons");
  const [first = "", second, options = ""] = parts;
  if (second === undefined) return { mount: { ...mount, target: first } };
  return {
    mount: {
      type: isPath(first) ? "bind" : "volume",
      source: first,
      target: second,
      read_only: options.split(",").findLast((option) => option === "ro" || option === "rw") === "ro",
    },
  };
}

function splitAtColons(text: string): string[] {
  const parts = [""];
  for (const character of text) {
    const current = parts.at(-1) ?? "";
    if (character === ":" && !/^\p{L}$/u.test(current)) parts.push("");
    else parts[parts.length - 1] = current + character;
  }
  return parts;
}

function isPath(source: string): boolean {
  return /^[./~]/.test(source) || source.startsWith("\\\\") || /^\p{L}:/u.test(source);
}
