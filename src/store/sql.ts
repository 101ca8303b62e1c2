// SQL is data until rendered: a statement is the texts a programmer wrote and, between them, holes
// filled by typed parameters or further statements. A value has no way into the text.
import assert from "node:assert/strict";

type Scalar =
  | "String"
  | "Bool"
  | `${"Int" | "UInt"}${8 | 16 | 32 | 64}`
  | "Float64"
  | "DateTime64(9)"
  | "UUID";

/** A ClickHouse type that a parameter may have. */
export type ParamType = Scalar | `Array(${Scalar})`;

/** What a parameter may carry: at most 128 KiB as text; whether it fits its type, ClickHouse decides. */
export type ParamValue =
  | string
  | number
  | bigint
  | boolean
  | readonly (string | number | bigint | boolean)[];

/** A value with its type. Times are given as decimal text (seconds, or a date) or as a number. */
export interface Param {
  readonly type: ParamType;
  readonly value: ParamValue;
}

// Only this file can make one, so an object from outside (JSON, say) can never pass for SQL.
const brand = Symbol("sql");

/** A piece of SQL: `text[0] hole[0] text[1] … text[n]`. */
export interface Sql {
  readonly [brand]: true;
  readonly text: readonly string[];
  readonly holes: readonly (Param | Sql)[];
}

/** A statement as ClickHouse takes it: `{p0:String}` in the text, `p0` among the parameters. */
export interface Rendered {
  readonly text: string;
  readonly params: Readonly<Record<string, ParamValue>>;
}

/** Makes SQL of a template literal; holes take parameters and other SQL, nothing else. */
export function sql(text: TemplateStringsArray, ...holes: readonly (Param | Sql)[]): Sql {
  return make(text, holes);
}

/** SQL that is text through and through. For text that is part of Clew (its migrations) only. */
export function programText(text: string): Sql {
  return make([text], []);
}

/** A name of a database, table, column or setting, quoted. Throws when it is empty or holds a NUL. */
export function identifier(name: string): Sql {
  return programText(quoteIdentifier(name));
}

/** The name in backticks, as `identifier` puts it into SQL. */
export function quoteIdentifier(name: string): string {
  assert(name !== "" && !name.includes("\0"), `not an identifier: ${JSON.stringify(name)}`);
  return "`" + name.replaceAll("\\", "\\\\").replaceAll("`", "\\`") + "`";
}

/** The parts one after another, with the separator between them; empty SQL of no parts. */
export function joinSql(parts: readonly Sql[], separator: Sql): Sql {
  const holes = parts.flatMap((part, index) => (index === 0 ? [part] : [separator, part]));
  return make(
    Array.from({ length: holes.length + 1 }, () => ""),
    holes,
  );
}

/** The text with its parameters numbered from `p0` in the order they appear. */
export function render(statement: Sql): Rendered {
  const params: Record<string, ParamValue> = {};
  let count = 0;
  const write = ({ text, holes }: Sql): string =>
    holes.reduce<string>((written, hole, index) => {
      if (isSql(hole)) return written + write(hole) + text[index + 1];
      const name = `p${count++}`;
      params[name] = hole.value;
      return `${written}{${name}:${hole.type}}${text[index + 1]}`;
    }, text[0] ?? "");
  return { text: write(statement), params };
}

function make(text: readonly string[], holes: readonly (Param | Sql)[]): Sql {
  for (const hole of holes) {
    if (!isSql(hole)) assertParam(hole);
  }
  return { [brand]: true, text, holes };
}

function isSql(hole: Param | Sql): hole is Sql {
  return typeof hole === "object" && hole !== null && brand in hole;
}

const typePattern = /^(Array\()?(String|Bool|U?Int(8|16|32|64)|Float64|DateTime64\(9\)|UUID)\)?$/;

function assertParam(hole: Param): void {
  const whole = typeof hole === "object" && hole !== null && "value" in hole;
  assert(whole && typePattern.test(hole.type), "a hole in SQL that is neither SQL nor a parameter");
}
