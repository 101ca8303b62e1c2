/** What can be asked of Clew's own API: a line for each route, with the schemas that it reads and answers. */
import { z } from "zod";
import { traceFramesType } from "../../model/trace-frames.ts";
import { valueOwners } from "../../store/trace-values.ts";
import { graphAnswer } from "../answers/graph.ts";
import {
  errorsAnswer,
  redAnswer,
  redHeatmapAnswer,
  servicesAnswer,
  versionsAnswer,
} from "../answers/red.ts";
import {
  pinAnswer,
  pinBody,
  pinsAnswer,
  samplingAnswer,
  tryAnswer,
  tryBody,
} from "../answers/sampling.ts";
import {
  metricsAnswer,
  receipt,
  searchAnswer,
  searchProgress,
  tagsAnswer,
  tagValuesAnswer,
} from "../answers/search.ts";
import { statusAnswer } from "../answers/status.ts";
import { systemAnswer } from "../answers/system.ts";
import {
  anyValue,
  keyValue,
  trace,
  traceKeysAnswer,
  traceSummary,
  tracesAnswer,
} from "../answers/trace.ts";
import { graphParameters } from "../graph.ts";
import { metricsParameters } from "../metrics.ts";
import { whole } from "../parameters.ts";
import { heatmapParameters, redParameters, servicesParameters } from "../red.ts";
import { searchParameters } from "../search.ts";
import { errorParameters, versionParameters } from "../service-history.ts";
import { nameParameters, valueParameters } from "../tags.ts";

/** An answer's schema by its media type; null for what is no JSON of Clew's own. */
type Content = Readonly<Record<string, keyof typeof answers | null>>;

/** One method of one path. */
export interface Operation {
  readonly method: "get" | "post" | "delete";
  /** After `/api/clew/v1`, with `:name` for what is a parameter. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** Of the query. */
  readonly parameters?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly content: Content;
}

/** The schemas that have a name of their own. */
export const answers = {
  AnyValue: anyValue,
  KeyValue: keyValue,
  Receipt: receipt,
  Trace: trace,
  TraceSummary: traceSummary,
  TracesAnswer: tracesAnswer,
  TraceKeysAnswer: traceKeysAnswer,
  StatusAnswer: statusAnswer,
  SystemAnswer: systemAnswer,
  RedAnswer: redAnswer,
  RedHeatmapAnswer: redHeatmapAnswer,
  ServicesAnswer: servicesAnswer,
  ErrorsAnswer: errorsAnswer,
  VersionsAnswer: versionsAnswer,
  GraphAnswer: graphAnswer,
  TagsAnswer: tagsAnswer,
  TagValuesAnswer: tagValuesAnswer,
  SearchAnswer: searchAnswer,
  SearchProgress: searchProgress,
  MetricsAnswer: metricsAnswer,
  SamplingAnswer: samplingAnswer,
  SamplingTryAnswer: tryAnswer,
  PinsAnswer: pinsAnswer,
  PinAnswer: pinAnswer,
} as const;

const JSON_TYPE = "application/json";

function json(name: keyof typeof answers): Content {
  return { [JSON_TYPE]: name };
}

const seconds = whole(0, 2 ** 32 - 1);
const around = { start: seconds, end: seconds };
const AROUND = "start and end, in seconds since 1970, say where in time to look, which is quicker.";
const DIMENSIONS =
  "dimension.<key>=<value> restricts it to spans with this value of a roll-up's dimension.";
const frames: Content = { [traceFramesType]: null };

/** In the order in which they are best read. */
export const operations: readonly Operation[] = [
  {
    method: "get",
    path: "/search",
    summary: "The traces that answer a TraceQL query",
    description: `The newest first, or as the query sorts. With accept: application/x-ndjson it comes while
it is worked out, a line at a time; the last line has the answer, or the error.`,
    parameters: searchParameters,
    content: { [JSON_TYPE]: "SearchAnswer", "application/x-ndjson": "SearchProgress" },
  },
  {
    method: "get",
    path: "/metrics",
    summary: "Series over time of a TraceQL metrics query",
    parameters: metricsParameters,
    content: json("MetricsAnswer"),
  },
  {
    method: "get",
    path: "/tags",
    summary: "Which attributes there are",
    parameters: nameParameters,
    content: json("TagsAnswer"),
  },
  {
    method: "get",
    path: "/tag-values",
    summary: "The values of one attribute or intrinsic",
    parameters: valueParameters,
    content: json("TagValuesAnswer"),
  },
  {
    method: "get",
    path: "/traces",
    summary: "The newest traces",
    parameters: z.strictObject({
      service: z.string().optional(),
      limit: whole(1, 1000),
      since: seconds,
      ...around,
    }),
    content: json("TracesAnswer"),
  },
  {
    method: "get",
    path: "/traces/:id",
    summary: "A trace with all of its spans",
    content: json("Trace"),
  },
  {
    method: "get",
    path: "/traces/:id/otlp",
    summary: "The same as OTLP/JSON, to keep or to send again",
    content: { [JSON_TYPE]: null },
  },
  {
    method: "get",
    path: "/traces/:id/columns",
    summary: "Every span of a trace without its attributes, as a stream of typed arrays",
    description: AROUND,
    parameters: z.strictObject(around),
    content: frames,
  },
  {
    method: "get",
    path: "/traces/:id/columns/:owner",
    summary: "Who has which value for one attribute, as typed arrays",
    description: `owner is one of ${valueOwners.join(", ")}. ${AROUND}`,
    parameters: z.strictObject({ key: z.string(), ...around }),
    content: frames,
  },
  {
    method: "get",
    path: "/traces/:id/keys",
    summary: "The attributes that some span of a trace has",
    description: AROUND,
    parameters: z.strictObject(around),
    content: json("TraceKeysAnswer"),
  },
  {
    method: "get",
    path: "/traces/:id/spans",
    summary: "Some spans of a trace with everything that is known of them",
    description: AROUND,
    parameters: z.strictObject({
      ids: z.string().describe("1 to 200 span ids, commas between them"),
      ...around,
    }),
    content: json("Trace"),
  },
  {
    method: "get",
    path: "/red",
    summary: "Calls, errors and durations over time",
    description: DIMENSIONS,
    parameters: redParameters,
    content: json("RedAnswer"),
  },
  {
    method: "get",
    path: "/red/heatmap",
    summary: "Durations over time",
    description: DIMENSIONS,
    parameters: heatmapParameters,
    content: json("RedHeatmapAnswer"),
  },
  {
    method: "get",
    path: "/services",
    summary: "All services with their calls, errors and durations",
    parameters: servicesParameters,
    content: json("ServicesAnswer"),
  },
  {
    method: "get",
    path: "/errors",
    summary: "Spans with status error, grouped by why",
    parameters: errorParameters,
    content: json("ErrorsAnswer"),
  },
  {
    method: "get",
    path: "/versions",
    summary: "Which versions of a service sent spans",
    parameters: versionParameters,
    content: json("VersionsAnswer"),
  },
  {
    method: "get",
    path: "/graph",
    summary: "Who calls whom",
    parameters: graphParameters,
    content: json("GraphAnswer"),
  },
  {
    method: "get",
    path: "/sampling",
    summary: "The policies in force, and what was thinned by them",
    content: json("SamplingAnswer"),
  },
  {
    method: "post",
    path: "/sampling/try",
    summary: "What policies would keep and drop; nothing is changed",
    body: tryBody,
    content: json("SamplingTryAnswer"),
  },
  {
    method: "get",
    path: "/pins",
    summary: "Traces that are never thinned away",
    content: json("PinsAnswer"),
  },
  {
    method: "post",
    path: "/pins",
    summary: "Pin a trace",
    body: pinBody,
    content: json("PinAnswer"),
  },
  {
    method: "get",
    path: "/pins/:id",
    summary: "Whether a trace is pinned",
    content: json("PinAnswer"),
  },
  {
    method: "delete",
    path: "/pins/:id",
    summary: "Let a pinned trace go",
    content: json("PinAnswer"),
  },
  {
    method: "get",
    path: "/status",
    summary: "Whether Clew works, in short",
    content: json("StatusAnswer"),
  },
  {
    method: "get",
    path: "/system",
    summary: "How Clew is: what is wrong in words, the last hour, refusals, ClickHouse, questions",
    content: json("SystemAnswer"),
  },
  {
    method: "get",
    path: "/openapi.json",
    summary: "This description",
    content: { [JSON_TYPE]: null },
  },
];
