/** OTLP over HTTP, as "OTLP/HTTP Request" and "… Response" of the specification have it. */
import http from "node:http";
import https from "node:https";
import { promisify } from "node:util";
import { gzip as gzipWithCallback } from "node:zlib";
import { ANSWER_LIMIT_MS, type Outcome, rejectedSpans, type Sender } from "./sender.ts";

const gzip = promisify(gzipWithCallback);
const RETRYABLE = [429, 502, 503, 504];
const TRACES_PATH = "/v1/traces";

interface HttpOptions {
  readonly url: string;
  readonly connections: number;
  readonly gzip: boolean;
}

/** Sends by HTTP over so many connections, which are kept. `/v1/traces` is added to the URL's path
 * unless it ends so. */
export function httpSender({ url, connections, gzip: isGzip }: HttpOptions): Sender {
  const target = tracesUrl(url);
  const { Agent, request } = target.protocol === "https:" ? https : http;
  // An agent for each, so that a connection's number means something.
  const agents = Array.from({ length: connections }, () => {
    return new Agent({ keepAlive: true, maxSockets: 1 });
  });
  const post = (agent: http.Agent, body: Buffer): Promise<Outcome> =>
    new Promise((resolve) => {
      const unanswered = (error: Error): void =>
        resolve({ kind: "unanswered", reason: error.message });
      const headers = {
        "content-type": "application/x-protobuf",
        "content-length": body.length,
        ...(isGzip ? { "content-encoding": "gzip" } : {}),
      };
      const sent = request(target, { method: "POST", agent, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", unanswered);
        answer.on("end", () => resolve(outcomeOf(answer, Buffer.concat(chunks))));
      });
      sent.setTimeout(ANSWER_LIMIT_MS, () => {
        sent.destroy(new Error(`no answer within ${ANSWER_LIMIT_MS} ms`));
      });
      sent.on("error", unanswered);
      sent.end(body);
    });
  return {
    async send(connection, body) {
      return post(agents[connection]!, isGzip ? await gzip(body) : body);
    },
    close() {
      for (const agent of agents) agent.destroy();
    },
  };
}

/** The URL that traces are posted to. */
export function tracesUrl(url: string): URL {
  const target = new URL(url);
  if (!target.pathname.endsWith(TRACES_PATH)) {
    target.pathname = target.pathname.replace(/\/+$/, "") + TRACES_PATH;
  }
  return target;
}

function outcomeOf({ statusCode = 0, headers }: http.IncomingMessage, body: Buffer): Outcome {
  if (statusCode >= 200 && statusCode < 300) {
    const isProtobuf = headers["content-type"]?.startsWith("application/x-protobuf") ?? false;
    return { kind: "acknowledged", spansRejected: isProtobuf ? rejectedSpans(body) : 0 };
  }
  if (RETRYABLE.includes(statusCode)) {
    const retryAfterMs = retryAfter(headers["retry-after"]);
    return { kind: "refused", ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  const text = body.toString("utf8").replaceAll(/[^\x20-\x7e]+/g, " ");
  return { kind: "wrong", reason: `HTTP ${statusCode} ${text.slice(0, 200)}`.trim() };
}

/** Milliseconds that a Retry-After in seconds names; dates are not understood. */
export function retryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
