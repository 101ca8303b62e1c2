import { request } from "node:http";
import type { Endpoint } from "../endpoint.ts";

/**
 * Sends one statement to an engine over a connection of its own and gives back the answer's text.
 * For the engine's own supervision, before and beside the client that the rest of Clew uses.
 * Throws when the engine does not answer within `timeoutMs` or answers with an exception.
 */
export function ask(endpoint: Endpoint, query: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      endpoint.url,
      {
        method: "POST",
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          "X-ClickHouse-User": endpoint.user,
          "X-ClickHouse-Key": endpoint.password,
        },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("error", reject);
        response.on("end", () => {
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`status ${response.statusCode}: ${text.trim()}`));
        });
      },
    );
    sent.on("error", reject);
    sent.end(query);
  });
}
