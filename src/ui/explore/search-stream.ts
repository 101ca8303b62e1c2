/** A search as it is worked out: lines of JSON, of which the last one has the whole answer. */
import type { SearchAnswer, SearchProgress } from "../../api/contract.ts";
import { type Answer, request } from "../api.ts";
import type { TimeChoice } from "../time-choice.ts";

/** What is searched for. */
export interface SearchAsked {
  readonly q: string;
  readonly time: TimeChoice;
  readonly limit: number;
}

type Told = Exclude<SearchProgress, { error: unknown }>;

/** Asks, and tells of each line as it comes but for the last. */
export async function streamSearch(
  { q, time, limit }: SearchAsked,
  signal: AbortSignal,
  tell: (found: SearchAnswer) => void,
): Promise<Answer<SearchAnswer>> {
  const params = new URLSearchParams(
    time.kind === "since"
      ? { since: `${time.seconds}` }
      : { from: `${time.fromSeconds}`, to: `${time.toSeconds}` },
  );
  params.set("q", q);
  params.set("limit", `${limit}`);
  params.set("spss", "1");
  const answer = await request(`/search?${params}`, signal, { accept: "application/x-ndjson" });
  if (answer.kind !== "ok") return answer;
  const traces: SearchAnswer["traces"][number][] = [];
  try {
    for await (const text of linesOf(answer.value)) {
      const line = JSON.parse(text) as SearchProgress;
      if ("error" in line) return { kind: "failed", status: 500, message: line.error.message };
      const told: Told = line;
      if ("answer" in told) return { kind: "ok", value: told.answer };
      traces.push(...told.found);
      tell({ traces: [...traces], receipt: told.receipt });
    }
  } catch {
    if (signal.aborted) return { kind: "aborted" };
  }
  if (signal.aborted) return { kind: "aborted" };
  return { kind: "failed", status: 0, message: "The answer was cut short. Is Clew still running?" };
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop()!;
    yield* lines.filter((line) => line !== "");
  }
  if (rest !== "") yield rest;
}
