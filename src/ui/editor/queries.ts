/** Queries that were asked before, and ones to learn from. */

const KEY = "clew.queries";
const MOST = 20;

/** The last queries that were asked here, newest first. */
export function askedBefore(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((q) => typeof q === "string").slice(0, MOST) : [];
  } catch {
    return []; // Storage is switched off, or somebody else wrote there.
  }
}

/** Remembers a query, where the browser lets us. */
export function rememberQuery(q: string): void {
  if (q === "") return;
  try {
    const kept = [q, ...askedBefore().filter((other) => other !== q)].slice(0, MOST);
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Storage is switched off: then there is no history.
  }
}

/** What a query can say, with what it means. */
export const examples: readonly (readonly [q: string, what: string])[] = [
  ["{ status = error }", "Spans that failed"],
  ["{ kind = server && duration > 500ms }", "Requests that took longer than half a second"],
  ["{ span.http.response.status_code >= 500 }", "HTTP answers with a status of 500 and above"],
  ["{ kind = server } >> { status = error && kind = client }", "Calls that failed below a request"],
  ['{ event:name = "exception" }', "Spans with an exception"],
  ["{ } | count() > 100", "Traces of more than a hundred spans"],
  ['{ trace:duration > 1s && span:parentID = "" }', "Roots of traces that took over a second"],
  [
    "{ } | by(resource.service.name) | count() > 10",
    "Services with more than ten spans in a trace",
  ],
];
