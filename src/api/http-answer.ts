/** Writes an HttpResponse: lengths, HEAD, and gzip where it is wanted and worth it. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGzip, gzip } from "node:zlib";
import type { HttpResponse } from "./http.ts";

// Below this an answer fits one packet anyway.
const MIN_GZIP_BYTES = 1024;

// What shrinks: text in its many forms, and protobuf with its repeated strings. Event streams are
// left alone, since gzip would hold events back.
const COMPRESSIBLE = new RegExp(
  String.raw`^(text/(?!event-stream)|image/svg` +
    String.raw`|application/(.+\+)?(json|xml|javascript|(x-)?protobuf|wasm|openmetrics-text)\b)`,
);

const gzipAll = promisify(gzip);

interface Exchange {
  readonly message: IncomingMessage;
  readonly reply: ServerResponse;
}

/** Settles when the answer is handed to the socket; rejects if a body stream fails on the way. */
export async function sendAnswer(answer: HttpResponse, exchange: Exchange): Promise<void> {
  const { body } = answer;
  if (body instanceof Readable) return sendStream(answer, body, exchange);
  const plain = typeof body === "string" ? Buffer.from(body) : body;
  const isHead = exchange.message.method === "HEAD";
  const isBodiless = answer.status === 204 || answer.status === 304;
  if (plain === undefined || isBodiless) {
    const length = isBodiless ? {} : { "content-length": 0 };
    exchange.reply.writeHead(answer.status, { ...length, ...answer.headers }).end();
    return;
  }
  const { headers, encode } = negotiate(answer, exchange, plain.byteLength);
  const bytes = encode ? await gzipAll(plain) : plain;
  exchange.reply.writeHead(answer.status, { ...headers, "content-length": bytes.byteLength });
  exchange.reply.end(isHead ? undefined : bytes);
}

async function sendStream(answer: HttpResponse, body: Readable, exchange: Exchange): Promise<void> {
  const { headers, encode } = negotiate(answer, exchange, Infinity);
  exchange.reply.writeHead(answer.status, headers);
  if (exchange.message.method === "HEAD") {
    body.destroy();
    exchange.reply.end();
  } else if (encode) await pipeline(body, createGzip(), exchange.reply);
  else await pipeline(body, exchange.reply);
}

interface Negotiated {
  readonly headers: OutgoingHttpHeaders;
  readonly encode: boolean;
}

function negotiate(answer: HttpResponse, { message }: Exchange, bytes: number): Negotiated {
  const given = answer.headers ?? {};
  const isText = COMPRESSIBLE.test((given["content-type"] ?? "").toLowerCase());
  if (!isText || bytes <= MIN_GZIP_BYTES || given["content-encoding"] !== undefined) {
    return { headers: given, encode: false };
  }
  const vary = given["vary"] === undefined ? [] : [given["vary"]];
  const headers = { ...given, vary: [...vary, "accept-encoding"].join(", ") };
  if (!acceptsGzip(message.headers["accept-encoding"])) return { headers, encode: false };
  return { headers: { ...headers, "content-encoding": "gzip" }, encode: true };
}

/** True if an Accept-Encoding names gzip, or "*", with a weight above 0 (RFC 9110 §12.5.3). */
export function acceptsGzip(acceptEncoding = ""): boolean {
  const weights = new Map(
    acceptEncoding.split(",").map((item) => {
      const [coding = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
      const q = parameters.find((parameter) => parameter.startsWith("q="));
      return [coding, q === undefined ? 1 : Number(q.slice(2))];
    }),
  );
  const weight = weights.get("gzip") ?? weights.get("x-gzip") ?? weights.get("*") ?? 0;
  return weight > 0;
}
