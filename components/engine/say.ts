import { showLine } from "../../text/characters.ts";

/** Tells people one line, through the engine. Names on Dokploy and of containers are written by others. */
export function say(line: string): void {
  console.log(showLine(line));
}
