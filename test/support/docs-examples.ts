/** The examples of docs/traceql.md: each row of a table ends in a query and its answer. */
import { readFileSync } from "node:fs";

/** The page. */
export const docsText = readFileSync(new URL("../../docs/traceql.md", import.meta.url), "utf8");

/** A row of a table. */
export interface DocsExample {
  /** The heading above. */
  readonly section: string;
  readonly query: string;
  readonly answer: string;
}

/** All rows of all tables. */
export const docsExamples: readonly DocsExample[] = docsText.split(/^## /m).flatMap((text) => {
  const section = text.slice(0, text.indexOf("\n"));
  return text
    .split("\n")
    .filter((line) => /^\|(?! What |\s*-)/.test(line))
    .map((row) => {
      const [query, answer] = row.split(/(?<!\\)\|/).slice(-3, -1);
      return { section, query: codeOf(query!), answer: answer!.trim() };
    });
});

/** A cell without the marks of code around it; `\|` is a bar. */
function codeOf(cell: string): string {
  return /^\s*(`+)(.*)\1\s*$/.exec(cell)?.[2]?.replaceAll("\\|", "|") ?? "";
}
