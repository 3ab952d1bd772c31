import type { TimedRecord } from "./engine-record.ts";

/** Most notes of one service that are kept, and the longest of them, in characters: the program of any branch writes them. */
const MOST = 50;
const LONGEST = 500;

/** `<place>  allows …`, as the program says it of each service (components/platform/platform-service.ts). */
const NOTE = /\S+:\d+:\d+ {2}allows `.*$/;

/** What a service's file allows itself beyond its containers, of what the program says; nothing for any other text. */
export function parseAllows({ event }: TimedRecord): string[] {
  if (event.type !== "diagnostic" || event.severity !== "warning") return [];
  return event.message.split("\n").flatMap((line) => NOTE.exec(line.trim())?.[0].slice(0, LONGEST) ?? []);
}

/** Each note once, in their order. */
export function joinAllows(before: readonly string[], more: readonly string[]): string[] {
  return [...new Set([...before, ...more])].slice(0, MOST);
}
