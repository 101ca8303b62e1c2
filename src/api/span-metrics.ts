/** `GET /metrics/spans`: the figures of the spans themselves, for Prometheus. */
import { Readable } from "node:stream";
import type { Family } from "../prometheus/family.ts";
import { acceptedFormat, contentTypes, metricsText } from "../prometheus/text.ts";
import type { HttpRequest, Route } from "./http.ts";

/** Others get their turn after so much text. */
const PIECE_CHARS = 65_536;

/** The route; `familiesOf` gives the metrics of the tenant that asks, and throws if there is none. */
export function spanMetricsRoutes(familiesOf: (request: HttpRequest) => Iterable<Family>): Route[] {
  return [
    {
      method: "GET",
      pattern: "/metrics/spans",
      handler: (request) => {
        const format = acceptedFormat(request.headers.accept ?? "");
        const headers = { "content-type": contentTypes[format], vary: "accept" };
        const text = inPieces(metricsText(familiesOf(request), format));
        return { status: 200, headers, body: Readable.from(text) };
      },
    },
  ];
}

/** The same text in larger pieces. */
function* inPieces(texts: Iterable<string>): Generator<string> {
  let piece = "";
  for (const text of texts) {
    piece += text;
    if (piece.length < PIECE_CHARS) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}
