import { readFile } from "node:fs/promises";
import { type Ends, graphDifference } from "../analysis/graph-difference.ts";
import { dotOf, drawnGraph, mermaidOf } from "../analysis/graph-drawing.ts";
import type { GraphAnswer } from "../api/contract.ts";
import { Fault } from "../base/fault.ts";
import { type Given, numberOption, positionals, secondsOption, UsageError } from "./arguments.ts";
import { askClew, askingTenant, clewUrl, tenantOption, urlOption } from "./ask.ts";
import type { Command, Surroundings } from "./command.ts";
import { drawEdges } from "./graph-drawing.ts";
import { expectedEdges } from "./graph-expected.ts";
import { safeText } from "../base/safe-text.ts";
import { durationText } from "./text.ts";

const formats = ["text", "dot", "mermaid", "json"] as const;
const DIFFERENT = 1;

/** `clew graph`: who calls whom, drawn or compared with what is expected. */
export const graphCommand: Command = {
  about: "show who calls whom, or compare it with what is expected",
  takes: "",
  more:
    "With --diff, edges that are not in FILE and edges of FILE that are not there are named, and the exit\n" +
    "code is 1 if there are any. Edges are compared by the names at their ends.",
  options: {
    format: { type: "text", value: "FORMAT", about: `${formats.join(", ")} (default: text)` },
    since: { type: "text", value: "TIME", about: "how far back: 90s, 15m, 2h, 1d (default: 1h)" },
    service: { type: "text", value: "NAME", about: "only what is connected to this node" },
    depth: { type: "text", value: "N", about: "... by at most so many edges, 1 to 100" },
    self: { type: "flag", about: "calls of services to themselves, too" },
    diff: { type: "text", value: "FILE", about: "compare with a graph in DOT or JSON" },
    url: urlOption,
    tenant: tenantOption,
  },
  async run(given, surroundings) {
    positionals(given, []);
    const format = formats.find((each) => each === (given.text("format") ?? "text"));
    if (format === undefined) {
      const got = given.text("format");
      throw new UsageError(`--format takes one of ${formats.join(", ")}, got "${got}"`);
    }
    const file = given.text("diff");
    if (file !== undefined && given.has("format")) {
      throw new UsageError("--diff compares and --format draws: one of them");
    }
    const expected = file === undefined ? undefined : await readExpected(file, given.has("self"));
    const answer = await askGraph(given, surroundings);
    if (!answer.isComplete) {
      surroundings.printLog("clew: some spans of this time are not in the graph yet\n");
    }
    const drawn = drawnGraph(answer, given.has("self"));
    if (expected !== undefined) return compare(drawn, expected, surroundings);
    if (format === "json") surroundings.print(`${JSON.stringify(answer, undefined, 2)}\n`);
    else surroundings.print(draw(drawn, format, surroundings));
    return 0;
  },
};

async function readExpected(file: string, withSelf: boolean): Promise<Ends[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Fault("invalid", `cannot read ${file} (${code})`, { cause: error });
  }
  try {
    return expectedEdges(text, withSelf);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault("invalid", `${file}: ${error.message}`, { cause: error });
  }
}

async function askGraph(given: Given, { env }: Surroundings): Promise<GraphAnswer> {
  const query = new URLSearchParams({ since: String(secondsOption(given, "since") ?? 3600) });
  const service = given.text("service");
  const depth = numberOption(given, "depth", { min: 1, max: 100, whole: true });
  if (depth !== undefined && service === undefined) {
    throw new UsageError("--depth needs a --service to begin at");
  }
  if (service !== undefined) query.set("service", service);
  if (depth !== undefined) query.set("depth", String(depth));
  const url = clewUrl(given, env);
  const answer = await askClew<GraphAnswer>(url, `/graph?${query}`, askingTenant(given, env));
  if (!Array.isArray(answer.edges)) throw new Fault("unavailable", `${url} sent no graph`);
  return answer;
}

const textOf = (nanos: number): string => durationText(nanos, true);

function draw(
  graph: Pick<GraphAnswer, "nodes" | "edges">,
  format: "text" | "dot" | "mermaid",
  looks: Surroundings,
): string {
  switch (format) {
    case "dot":
      return dotOf(graph, textOf);
    case "mermaid":
      return mermaidOf(graph, textOf);
    case "text":
      if (graph.edges.length > 0) return drawEdges(graph, looks);
      return "No calls in this time. --since 1d looks back further.\n";
  }
}

function compare(
  { edges }: Pick<GraphAnswer, "nodes" | "edges">,
  expected: readonly Ends[],
  { print, unicode }: Surroundings,
): number {
  const { unexpected, missing } = graphDifference(edges, expected);
  const arrow = unicode ? "→" : "->";
  const line = ({ client, server }: Ends, what: string): string =>
    `${what} ${safeText(client, unicode)} ${arrow} ${safeText(server, unicode)}\n`;
  print(unexpected.map((edge) => line(edge, "unexpected:")).join(""));
  print(missing.map((edge) => line(edge, "missing:   ")).join(""));
  if (unexpected.length + missing.length > 0) return DIFFERENT;
  print("The graph is as expected.\n");
  return 0;
}
