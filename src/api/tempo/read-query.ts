import { Fault } from "../../base/fault.ts";
import type { Query } from "../../traceql/ast.ts";
import { type LanguageOptions, readQuery } from "../../traceql/check.ts";
import { MAX_QUERY_BYTES } from "../../traceql/parse.ts";
import { type Problem, tempoErrorText } from "../../traceql/problem.ts";

/** Throws Fault "invalid" if the text is longer than a query may be. */
export function refuseOverlong(text: string): void {
  if (Buffer.byteLength(text) <= MAX_QUERY_BYTES) return;
  const limit = `exceeds the configured maximum size of ${MAX_QUERY_BYTES} bytes`;
  const advice = "reduce the query expression size or contact your system administrator";
  throw new Fault("invalid", `TraceQL expression ${limit}, ${advice}`);
}

/**
 * The query that may be asked. Throws Fault "invalid" with the text of its first problem, behind what
 * `prefix` says of that problem.
 */
export function tempoQuery(
  text: string,
  language: LanguageOptions,
  prefix: (problem: Problem) => string,
): Query {
  refuseOverlong(text);
  const { query, problems } = readQuery(text, language);
  if (query !== undefined) return query;
  const [problem] = problems;
  throw new Fault("invalid", prefix(problem) + tempoErrorText(text, problem));
}
