/** The spans behind a group of errors, as a query. */
import type { ErrorGroupAnswer } from "../../api/contract.ts";
import { SERVICE, withCondition, withField } from "../explore/filters.ts";
import { quoteString } from "../../traceql/strings.ts";

/** The template of a message is cut there; see model/message-template.ts. */
const TEMPLATE_CHARACTERS = 200;

/** The query that finds the spans of a group. */
export function errorQuery({
  service,
  type,
  template,
}: Pick<ErrorGroupAnswer, "service" | "type" | "template">): string {
  const ofService = withField("", SERVICE, { type: "string", value: service });
  const failed = withCondition(ofService, "status = error");
  const typed =
    type === ""
      ? failed
      : withCondition(
          failed,
          anyOf(["event.exception.type", "span.exception.type", "span.error.type"], "=", type),
        );
  if (template === "") return typed;
  const fields = ["event.exception.message", "span.exception.message", "statusMessage"];
  return withCondition(typed, anyOf(fields, "=~", templateRegExp(template)));
}

function anyOf(fields: readonly string[], op: string, text: string): string {
  return fields.map((field) => `${field} ${op} ${quoteString(text)}`).join(" || ");
}

/** A regular expression for the messages of a template, whole ones, in RE2's syntax. */
export function templateRegExp(template: string): string {
  const parts = template
    // A quote beside … may be one of the message, or stand for one of any kind.
    .split(/'?…'?/)
    .map((part) =>
      part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`).replaceAll(" ", String.raw`[ \t\f]+`),
    );
  const isCut = Array.from(template).length >= TEMPLATE_CHARACTERS;
  const rest = isCut ? ".*" : String.raw`([\r\n].*)?`;
  return String.raw`(?s)[ \t\r\n\f]*` + parts.join(".*") + rest;
}
