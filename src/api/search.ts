/** Searches in Clew's own API: see `contract.ts`. */
import { Readable } from "node:stream";
import { z } from "zod";
import { Fault } from "../base/fault.ts";
import type { Logger } from "../base/log.ts";
import type { FoundTrace, SearchAnswer as Found, SearchRequest } from "../query/search.ts";
import { readQuery } from "../traceql/check.ts";
import {
  apiBase,
  type FoundTraceAnswer,
  type SearchAnswer,
  type SearchProgress,
} from "./contract.ts";
import type { HttpRequest, HttpResponse, Route } from "./http.ts";
import { givenParameters, parseParameters, spanOfTime, stretchOf, whole } from "./parameters.ts";
import { receiptAnswer } from "./receipt-answer.ts";
import { refusedQuery } from "./refused-query.ts";
import { toFailure } from "./status.ts";
import type { QueriesOf } from "./tenancy.ts";

const NDJSON = "application/x-ndjson";
const DEFAULT_LIMIT = 20;
const HIGHEST_LIMIT = 10_000;
const DEFAULT_SPANS = 3;
const HIGHEST_SPANS = 1_000;

/** What `/search` may be asked with. */
export const searchParameters = z.strictObject({
  ...spanOfTime,
  q: z.string().default("{ }"),
  limit: whole(1, HIGHEST_LIMIT),
  spss: whole(0, HIGHEST_SPANS),
});

interface SearchRoutes {
  readonly queriesOf: QueriesOf;
  readonly nowSeconds: () => number;
  readonly logger: Logger;
}

/** The route. */
export function searchRoutes({ queriesOf, nowSeconds, logger }: SearchRoutes): Route[] {
  const handler = async (request: HttpRequest): Promise<HttpResponse> => {
    const queries = queriesOf(request);
    const { q, limit, spss, ...time } = parseParameters(
      searchParameters,
      Object.fromEntries(givenParameters(request.query)),
    );
    const { query, problems } = readQuery(q);
    if (query === undefined) return refusedQuery(problems);
    if (query.kind !== "search") {
      throw new Fault("invalid", "q: a query that gives series is for /api/clew/v1/metrics");
    }
    const asked: SearchRequest = {
      query,
      ...stretchOf(time, nowSeconds()),
      limit: limit ?? DEFAULT_LIMIT,
      spansPerSpanset: spss ?? DEFAULT_SPANS,
    };
    const { signal } = request;
    if (!(request.headers.accept ?? "").includes(NDJSON)) {
      return json(200, answerOf(await queries.search(asked, { signal })));
    }
    const lines = new Readable({ read() {} });
    const tell = (line: SearchProgress): void => void lines.push(`${JSON.stringify(line)}\n`);
    queries
      .search(asked, {
        signal,
        progress: (found, receipt) =>
          tell({ found: found.map(foundAnswer), receipt: receiptAnswer(receipt) }),
      })
      .then((found) => tell({ answer: answerOf(found) }))
      .catch((error: unknown) => {
        if (signal.aborted) return;
        const { code, message } = toFailure(error, logger, `${request.method} ${request.path}`);
        tell({ error: { code, message } });
      })
      .finally(() => lines.push(null));
    return {
      status: 200,
      headers: { "content-type": NDJSON, "cache-control": "no-store" },
      body: lines,
    };
  };
  return [{ method: "GET", pattern: `${apiBase}/search`, handler }];
}

function json(status: number, value: object): HttpResponse {
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  return { status, headers, body: JSON.stringify(value) };
}

function answerOf({ traces, receipt }: Found): SearchAnswer {
  return { traces: traces.map(foundAnswer), receipt: receiptAnswer(receipt) };
}

function foundAnswer({ summary, spansets }: FoundTrace): FoundTraceAnswer {
  return {
    summary,
    spansets: spansets.map(({ spans, ...set }) => ({
      ...set,
      spans: spans.map(({ startUnixNano, durationNano, ...span }) => ({
        ...span,
        startUnixNano: String(startUnixNano),
        durationNano: Number(durationNano),
      })),
    })),
  };
}
