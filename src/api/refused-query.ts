import type { Problem } from "../traceql/problem.ts";
import type { ErrorAnswer } from "./contract.ts";
import type { HttpResponse } from "./http.ts";

/** The answer to a query that cannot be asked: 400, with all that is wrong with it. */
export function refusedQuery(problems: readonly Problem[]): HttpResponse {
  const all = problems.map(({ message, from, to }) => ({ message, from, to }));
  const answer: ErrorAnswer = {
    error: { code: "invalid", message: `q: ${all[0]!.message}`, problems: all },
  };
  return {
    status: 400,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
    body: JSON.stringify(answer),
  };
}
