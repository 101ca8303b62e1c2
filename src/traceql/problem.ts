import type { Place } from "./ast.ts";

/** What is wrong with a query, and where, so that an editor can underline it. */
export interface Problem extends Place {
  /** It is not in the language at all, or it is but cannot be asked. */
  readonly kind: "syntax" | "check";
  readonly message: string;
}

/**
 * The problem as Tempo words it in answers: `parse error at line L, col C: …` for syntax, the bare
 * message otherwise. Lines and columns count from 1, columns in code points; an empty query has no
 * place. Neither `invalid TraceQL query: ` nor `compiling query: ` is in front.
 */
export function tempoErrorText(query: string, problem: Problem): string {
  if (problem.kind === "check") return problem.message;
  if (query === "") return `parse error : ${problem.message}`;
  const lines = query.slice(0, problem.from).split("\n");
  const column = Array.from(lines.at(-1)!).length + 1;
  return `parse error at line ${lines.length}, col ${column}: ${problem.message}`;
}
