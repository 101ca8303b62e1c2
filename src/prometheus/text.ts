/**
 * Metrics as text, in the two formats that Prometheus scrapes. Sources: prometheus.io/docs, "Exposition
 * formats", 0.0.4; OpenMetrics 1.0.0, which alone has exemplars.
 */
import type { Exemplar, Family, Labels } from "./family.ts";

/** A format that metrics can be had in. */
export type TextFormat = "openMetrics" | "text";

/** Its media type, as answers name it. */
export const contentTypes: Readonly<Record<TextFormat, string>> = {
  openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  text: "text/plain; version=0.0.4; charset=utf-8",
};

/** The format that a client prefers by its Accept header: plain text if it does not say. */
export function acceptedFormat(accept: string): TextFormat {
  const quality = { openMetrics: 0, text: 0 };
  for (const range of accept.split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const given = parameters.find((parameter) => parameter.startsWith("q="));
    const q = given === undefined ? 1 : Number(given.slice(2)) || 0;
    const version = parameters.find((parameter) => parameter.startsWith("version="))?.slice(8);
    if (type === "application/openmetrics-text" && (version ?? "1.0.0") === "1.0.0") {
      quality.openMetrics = Math.max(quality.openMetrics, q);
    }
    if (["text/plain", "text/*", "*/*"].includes(type)) quality.text = Math.max(quality.text, q);
  }
  return quality.openMetrics > 0 && quality.openMetrics >= quality.text ? "openMetrics" : "text";
}

/** The families as text, in pieces; a point is never split between two. */
export function* metricsText(families: Iterable<Family>, format: TextFormat): Generator<string> {
  for (const family of families) {
    const { kind, help } = family;
    const isNamedTotal = kind === "counter" && format === "text";
    const name = isNamedTotal ? `${family.name}_total` : family.name;
    yield `# HELP ${name} ${escapeHelp(help, format)}\n# TYPE ${name} ${kind}\n`;
    if (family.kind === "counter") {
      for (const { labels, value } of family.points) {
        yield `${family.name}_total${labelText(labels)} ${number(value)}\n`;
      }
    } else {
      for (const point of family.points) yield histogramText(family, point, format);
    }
  }
  if (format === "openMetrics") yield "# EOF\n";
}

type Histogram = Extract<Family, { kind: "histogram" }>;
type HistogramPoint = Histogram["points"] extends Iterable<infer Point> ? Point : never;

function histogramText(
  { name, bounds }: Histogram,
  { labels, counts, sum, exemplars }: HistogramPoint,
  format: TextFormat,
): string {
  const inner = labelsInside(labels);
  const comma = inner === "" ? "" : ",";
  let total = 0;
  let text = "";
  for (let i = 0; i <= bounds.length; i++) {
    total += counts[i] ?? 0;
    const bound = i < bounds.length ? boundText(bounds[i]!, format) : "+Inf";
    const exemplar = format === "openMetrics" ? exemplars[i] : undefined;
    text += `${name}_bucket{${inner}${comma}le="${bound}"} ${number(total)}`;
    text += `${exemplar === undefined ? "" : exemplarText(exemplar)}\n`;
  }
  text += `${name}_count${labelText(labels)} ${number(total)}\n`;
  return `${text}${name}_sum${labelText(labels)} ${number(sum)}\n`;
}

/** A bound is a label, so how it is written matters: in OpenMetrics whole numbers are "1.0". */
function boundText(bound: number, format: TextFormat): string {
  return format === "openMetrics" && Number.isInteger(bound) ? `${bound}.0` : number(bound);
}

function exemplarText({ labels, value, atMs }: Exemplar): string {
  return ` # {${labelsInside(labels)}} ${number(value)} ${(atMs / 1000).toFixed(3)}`;
}

function labelText(labels: Labels): string {
  return labels.length === 0 ? "" : `{${labelsInside(labels)}}`;
}

function labelsInside(labels: Labels): string {
  return labels.map(([name, value]) => `${name}="${escapeValue(value)}"`).join(",");
}

function escapeValue(value: string): string {
  if (!/["\\\n]/.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function escapeHelp(help: string, format: TextFormat): string {
  const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return format === "openMetrics" ? escaped.replaceAll('"', '\\"') : escaped;
}

/** JavaScript writes numbers as Go reads them. */
function number(value: number): string {
  return String(value);
}
