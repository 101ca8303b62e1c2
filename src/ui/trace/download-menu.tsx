import { useSignal } from "@preact/signals";
import type { SpanTable } from "../../analysis/span-table.ts";
import type { Trace } from "../../model/trace.ts";
import { fetchTemplate, otlpHref } from "../api.ts";
import { DownloadIcon, ErrorIcon } from "../shell/icons.tsx";
import { Menu } from "../shell/menu.tsx";
import { isCarried } from "./carried.ts";
import type { EngineClient } from "./engine/engine-calls.ts";

/** Formats that are written from everything a trace has, and those that need its spans alone. */
type OfTrace = "otlp" | "jaeger" | "zipkin" | "html";
type OfTable = "perfetto" | "speedscope";

interface DownloadMenuProps {
  readonly table: SpanTable;
  readonly engine: EngineClient;
  /** Whether Clew has it, and can be asked for it. */
  readonly stored: boolean;
}

/** The trace as files, in the formats of others, and as a page of its own. */
export function DownloadMenu({ table, engine, stored }: DownloadMenuProps) {
  const problem = useSignal("");
  const { traceId } = table;
  const saveTable = async (format: OfTable): Promise<void> => {
    const { perfettoJson, speedscopeJson } = await import("./exports/of-table.ts");
    const text = format === "perfetto" ? perfettoJson(table) : speedscopeJson(table);
    save(text, `trace-${traceId}.${format}.json`);
  };
  const saveTrace = async (format: OfTrace): Promise<void> => {
    problem.value = "";
    const answer = await engine.call("whole", undefined);
    if (answer.kind === "failed") return void (problem.value = answer.message);
    if (answer.kind !== "ok") return;
    if (answer.value.isPartial === true) {
      problem.value = "The trace is larger than what is read whole (query.maxTraceSpans).";
      return;
    }
    const text = await write(format, answer.value);
    if (typeof text !== "string") return void (problem.value = text.problem);
    const name = format === "otlp" ? "json" : format === "html" ? "html" : `${format}.json`;
    save(text, `trace-${traceId}.${name}`);
  };
  const label = (
    <>
      <DownloadIcon />
      <span>Download</span>
    </>
  );
  return (
    <Menu class="choices" summaryClass="button" name="Download the trace" label={label} closes>
      {!isCarried && (
        <button
          type="button"
          title="One file that opens in any browser, without Clew and without a network"
          onClick={() => void saveTrace("html")}
        >
          Page (HTML)
        </button>
      )}
      {stored ? (
        <a href={otlpHref(traceId)} download={`trace-${traceId}.json`}>
          OTLP JSON
        </a>
      ) : (
        <button type="button" onClick={() => void saveTrace("otlp")}>
          OTLP JSON
        </button>
      )}
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

/** The trace as a text, or why there is none. */
async function write(format: OfTrace, trace: Trace): Promise<string | { problem: string }> {
  if (format === "html") {
    const template = await fetchTemplate(new AbortController().signal);
    if (template.kind !== "ok") {
      return { problem: template.kind === "failed" ? template.message : "" };
    }
    const { tracePage } = await import("./exports/of-page.ts");
    return tracePage(template.value, trace, document.title);
  }
  const { jaegerJson, otlpJson, zipkinJson } = await import("./exports/of-trace.ts");
  return { otlp: otlpJson, jaeger: jaegerJson, zipkin: zipkinJson }[format](trace);
}

/** Hands a text to the reader as a file. */
function save(text: string, name: string): void {
  const type = name.endsWith(".html") ? "text/html" : "application/json";
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
