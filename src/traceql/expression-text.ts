/**
 * Fields and expressions as Tempo writes them: in labels of series, in the names of the values that
 * `by()` and aggregates add, and in messages. Every operand that is no name or literal is in brackets,
 * strings are in backticks. (format.ts has the text that people would write.)
 */
import type { Aggregate, Attribute, Field, FieldExpr, Filter, Group, Value } from "./ast.ts";
import { formatDuration } from "./duration.ts";
import { intrinsicInfo } from "./intrinsics.ts";

/** The field with its scope, as labels have it: `resource.service.name`, `.foo`, `span."odd key"`,
 * `duration` for `span:duration`. It is also what a query would say. */
export function fieldText(field: Field): string {
  if (field.kind === "attribute") return attributeText(field);
  return field.ofParent ? field.name.replace(/^span:/, "parent:") : intrinsicInfo(field.name).label;
}

/** The field without its scope, as attributes of found spans are called: `service.name`. */
export function fieldKey(field: Field): string {
  return field.kind === "attribute" ? field.name : fieldText(field);
}

function attributeText({ scope, name, ofParent }: Attribute): string {
  const parent = ofParent ? "parent." : "";
  const needsQuotes =
    // What ends a name, and what would be taken for a quote.
    // oxlint-disable-next-line no-control-regex -- white space is among it
    /^$|[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000{}()=~!<>&|^,"\\]/.test(
      name,
    ) ||
    // `.3` is a number, and `parent.span.x` has a scope.
    (scope === "any" && (ofParent ? /^(?:span|resource)\./ : /^\d/).test(name));
  const text = needsQuotes ? `"${name.replaceAll(/["\\]/g, "\\$&")}"` : name;
  if (scope !== "any") return `${parent}${scope}.${text}`;
  return ofParent ? `parent.${text}` : `.${text}`;
}

function valueText(value: Value): string {
  switch (value.type) {
    case "string":
      return `\`${value.value}\``;
    case "duration":
      return formatDuration(value.value);
    case "int":
    case "float":
    case "bool":
    case "status":
    case "kind":
      return String(value.value);
  }
}

/** The condition or sum. */
export function expressionText(expr: FieldExpr): string {
  switch (expr.kind) {
    case "attribute":
    case "intrinsic":
      return fieldText(expr);
    case "literal":
      return valueText(expr.value);
    case "not":
      return `!${operandText(expr.operand)}`;
    case "negate":
      return `-${operandText(expr.operand)}`;
    case "exists":
      return `${operandText(expr.operand)} ${expr.negated ? "=" : "!="} nil`;
    case "in": {
      const values = expr.values.map(({ value }) => valueText(value)).join(", ");
      return `${operandText(expr.operand)} ${expr.negated ? "not in" : "in"} (${values})`;
    }
    case "logic":
      return expr.operands
        .map((operand) => operandText(operand))
        .reduce((left, right, i) => `${i === 1 ? left : `(${left})`} ${expr.op} ${right}`);
    case "comparison":
    case "match":
    case "arithmetic":
      return `${operandText(expr.left)} ${expr.op} ${operandText(expr.right)}`;
  }
}

function operandText(expr: FieldExpr): string {
  const text = expressionText(expr);
  const isPlain = expr.kind === "attribute" || expr.kind === "intrinsic" || expr.kind === "literal";
  return isPlain ? text : `(${text})`;
}

/** `{ … }`. */
export function filterText({ condition }: Filter): string {
  return `{ ${expressionText(condition)} }`;
}

/** What `by()` calls the value that a spanset was made by: `by(resource.service.name)`. */
export function groupText({ by }: Group): string {
  return `by(${expressionText(by)})`;
}

/** What an aggregate's value is called: `count()`, `avg(duration)`. */
export function aggregateText({ fn, argument }: Aggregate): string {
  return `${fn}(${argument === undefined ? "" : expressionText(argument)})`;
}
