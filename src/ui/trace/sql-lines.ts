/** SQL that came on one line, on several. It is not understood, only cut before its clauses. */

const CLAUSES = new RegExp(
  String.raw`\b(?:FROM|WHERE|(?:(?:LEFT|RIGHT|FULL|INNER|CROSS|OUTER|LATERAL)\s+)*JOIN` +
    String.raw`|GROUP\s+BY|ORDER\s+BY|HAVING|LIMIT|OFFSET|UNION(?:\s+ALL)?|VALUES|SET|RETURNING` +
    String.raw`|ON\s+CONFLICT|FOR\s+UPDATE|WINDOW)\b`,
  "giy",
);
const CONDITIONS = /\b(?:AND|OR)\b/giy;
/** Strings, quoted names and comments are passed over whole. */
const WHOLE = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|\/\*[^]*?\*\//y;

const SHORT_CHARACTERS = 60;

/** The statement with line breaks before its clauses, and before AND and OR outside of parentheses; as
 * it is if it is short or has lines already. */
export function sqlLines(text: string): string {
  if (text.length <= SHORT_CHARACTERS || text.trim().includes("\n")) return text;
  let lines = "";
  let depth = 0;
  let between = false;
  for (let at = 0; at < text.length;) {
    const whole = match(WHOLE, text, at);
    if (whole !== "") {
      lines += whole;
      at += whole.length;
      continue;
    }
    const isWordStart = at === 0 || /[^\w$]/.test(text[at - 1]!);
    const clause = isWordStart && depth === 0 ? match(CLAUSES, text, at) : "";
    const condition = isWordStart && depth === 0 ? match(CONDITIONS, text, at) : "";
    if (clause !== "") lines = `${lines.trimEnd()}${lines === "" ? "" : "\n"}${clause}`;
    else if (condition !== "" && !between) lines = `${lines.trimEnd()}\n  ${condition}`;
    else lines += condition || text[at]!;
    if (isWordStart && /^between\b/i.test(text.slice(at, at + 8))) between = true;
    else if (condition !== "") between = false;
    if (text[at] === "(") depth++;
    if (text[at] === ")") depth = Math.max(0, depth - 1);
    at += (clause || condition || text[at]!).length;
  }
  return lines;
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}
