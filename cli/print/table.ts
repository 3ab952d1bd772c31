import { paint, widthOf } from "./terminal.ts";

/**
 * Lines of an aligned table, two spaces between columns; the last column is not padded. Cells may be coloured; line
 * breaks in a cell become spaces.
 */
export function formatTable(header: string[], rows: string[][]): string[] {
  const cells = [header.map((title) => paint("dim", title)), ...rows].map((row) =>
    row.map((cell) => cell.replace(/\s*\n\s*/g, " ")),
  );
  const widths = header.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ""))));
  return cells.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - widthOf(cell)))
      .join("  ")
      .trimEnd(),
  );
}
