/** The last lines of a text; the newline at its end starts no further line. */
export function tailLines(text: string, count: number): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.slice(-count);
}
