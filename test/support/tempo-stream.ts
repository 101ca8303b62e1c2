/** A client of Tempo's gRPC streams that decodes strictly. */
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { decodeTempo, encodeTempo, type Plain } from "./tempo-messages.ts";

/** The methods, with their requests and responses. */
const methods = {
  Search: ["SearchRequest", "SearchResponse"],
  SearchTags: ["SearchTagsRequest", "SearchTagsResponse"],
  SearchTagsV2: ["SearchTagsRequest", "SearchTagsV2Response"],
  SearchTagValues: ["SearchTagValuesRequest", "SearchTagValuesResponse"],
  SearchTagValuesV2: ["SearchTagValuesRequest", "SearchTagValuesV2Response"],
  MetricsQueryRange: ["QueryRangeRequest", "QueryRangeResponse"],
  MetricsQueryInstant: ["QueryInstantRequest", "QueryInstantResponse"],
} as const;
/** One of them. */
export type StreamMethod = keyof typeof methods;

/** What came of a call. */
export interface Streamed {
  readonly messages: readonly Plain[];
  /** How it ended; 0 is well. */
  readonly code: number;
  readonly details: string;
}

/** Asks `host:port`, as Grafana does: HTTP/2 with prior knowledge. */
export async function askStream(
  host: string,
  method: StreamMethod,
  request: Plain,
  headers: Readonly<Record<string, string>> = {},
): Promise<Streamed> {
  const client = new Client(host, credentials.createInsecure());
  const [requestType, responseType] = methods[method];
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const call = client.makeServerStreamRequest(
    `/tempopb.StreamingQuerier/${method}`,
    (bytes: Buffer) => bytes,
    (bytes: Buffer) => bytes,
    encodeTempo(requestType, request),
    metadata,
  );
  const messages: Plain[] = [];
  const { promise, resolve } = Promise.withResolvers<Streamed>();
  call.on("data", (bytes: Buffer) => messages.push(decodeTempo(responseType, bytes)));
  call.on("end", () => resolve({ messages, code: 0, details: "" }));
  call.on("error", ({ code, details }: ServiceError) => resolve({ messages, code, details }));
  return promise.finally(() => client.close());
}
