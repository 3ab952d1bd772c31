import { stripVTControlCharacters, styleText } from "node:util";

const width = (text: string) => stripVTControlCharacters(text).length;

/**
 * Lines of an aligned table, two spaces between columns; the last column is not padded. Cells may be coloured; line
 * breaks in a cell become spaces.
 */
export function formatTable(header: string[], rows: string[][]): string[] {
  const cells = [header.map((title) => styleText("dim", title)), ...rows].map((row) =>
    row.map((cell) => cell.replace(/\s*\n\s*/g, " ")),
  );
  const widths = header.map((_, column) => Math.max(...cells.map((row) => width(row[column] ?? ""))));
  return cells.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - width(cell)))
      .join("  ")
      .trimEnd(),
  );
}
