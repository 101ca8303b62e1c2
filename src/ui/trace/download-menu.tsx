import { useSignal } from "@preact/signals";
import type { SpanTable } from "../../analysis/span-table.ts";
import type { Trace } from "../../model/trace.ts";
import { askTrace, otlpHref } from "../api.ts";
import { DownloadIcon, ErrorIcon } from "../shell/icons.tsx";
import { Menu } from "../shell/menu.tsx";

/** Formats that are written from everything a trace has, and those that need its spans alone. */
type OfTrace = "jaeger" | "zipkin";
type OfTable = "perfetto" | "speedscope";

/** The trace as files, in the formats of others. */
export function DownloadMenu({ table }: { table: SpanTable }) {
  const problem = useSignal("");
  const { traceId } = table;
  const saveTable = async (format: OfTable): Promise<void> => {
    const { perfettoJson, speedscopeJson } = await import("./exports/of-table.ts");
    const text = format === "perfetto" ? perfettoJson(table) : speedscopeJson(table);
    save(text, `trace-${traceId}.${format}.json`);
  };
  const saveTrace = async (format: OfTrace): Promise<void> => {
    problem.value = "";
    const answer = await askTrace(traceId, new AbortController().signal);
    if (answer.kind === "failed") return void (problem.value = answer.message);
    if (answer.kind !== "ok") return;
    if (answer.value.isPartial === true) {
      problem.value = "The trace is larger than what is read whole (query.maxTraceSpans).";
      return;
    }
    const trace: Trace = answer.value;
    const { jaegerJson, zipkinJson } = await import("./exports/of-trace.ts");
    const text = format === "jaeger" ? jaegerJson(trace) : zipkinJson(trace);
    save(text, `trace-${traceId}.${format}.json`);
  };
  const label = (
    <>
      <DownloadIcon />
      <span>Download</span>
    </>
  );
  return (
    <Menu class="choices" summaryClass="button" name="Download the trace" label={label} closes>
      <a href={otlpHref(traceId)} download={`trace-${traceId}.json`}>
        OTLP JSON
      </a>
      <button type="button" onClick={() => void saveTrace("jaeger")}>
        Jaeger JSON
      </button>
      <button type="button" onClick={() => void saveTrace("zipkin")}>
        Zipkin JSON
      </button>
      <button type="button" onClick={() => void saveTable("perfetto")}>
        Perfetto (ui.perfetto.dev)
      </button>
      <button type="button" onClick={() => void saveTable("speedscope")}>
        speedscope
      </button>
      {problem.value !== "" && (
        <p class="error" role="alert">
          <ErrorIcon /> {problem.value}
        </p>
      )}
    </Menu>
  );
}

/** Hands a text to the reader as a file. */
function save(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
