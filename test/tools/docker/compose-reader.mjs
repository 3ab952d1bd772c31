import { goProgram } from "./go-program.mjs";

/**
 * The program that reads compose files as Docker Compose does, built once; `compose-reader/main.go` says how it is asked.
 * @throws {import("./command.mjs").Unavailable} where it cannot be built
 */
export function composeReader() {
  return goProgram({
    name: "compose-reader",
    module: new URL("compose-reader/", import.meta.url),
    source: ".",
    ldflags: "",
    label: "Building the reader of compose files from compose-go (once, about a minute)",
    otherwise: "there is no Go to build the reader of compose files",
  });
}
