import { alignRight, cellWidth, fit, type Looks, paint } from "./text.ts";

/** A column of a table of rows. */
export interface Column<Row> {
  readonly title: string;
  readonly right?: boolean;
  /** Cells at most; longer texts are cut. */
  readonly most?: number;
  /** Safe to print. */
  readonly text: (row: Row, unicode: boolean) => string;
}

/** The table, one row a line, below a line of titles; `paintRow` may colour a line. */
export function drawTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  looks: Looks & { readonly paintRow?: (line: string, row: Row) => string },
): string {
  const { unicode, paintRow = (line: string) => line } = looks;
  const cells = rows.map((row) => columns.map(({ text }) => text(row, unicode)));
  const widths = columns.map(({ title, most = Infinity }, i) => {
    const widest = cells.reduce((max, row) => Math.max(max, cellWidth(row[i]!)), title.length);
    return Math.min(widest, most);
  });
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) => {
        const cell = fit(text, Math.min(widths[i]!, cellWidth(text)), unicode);
        return columns[i]!.right ? alignRight(cell, widths[i]!) : fit(cell, widths[i]!, true);
      })
      .join("  ")
      .trimEnd();
  const head = paint(line(columns.map(({ title }) => title)), "dim", looks);
  const body = cells.map((texts, i) => paintRow(line(texts), rows[i]!));
  return [head, ...body].join("\n") + "\n";
}
