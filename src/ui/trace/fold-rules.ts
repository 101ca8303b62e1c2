/**
 * What is folded away by rule, so that an address can say it: `service:<name>`, `depth:<levels>`,
 * `below:<nanoseconds>`, one after the other with a semicolon between.
 */
import type { SpanTable } from "../../analysis/span-table.ts";

/** One rule; spans that it names hide what is below them. */
export type FoldRule =
  | { readonly kind: "service"; readonly name: string }
  | { readonly kind: "depth"; readonly levels: number }
  | { readonly kind: "below"; readonly nano: number };

/** The rules in a text; what is none is left out. */
export function readFoldRules(text: string): FoldRule[] {
  return text.split(";").flatMap((part): FoldRule[] => {
    const [, kind, value = ""] = /^(service|depth|below):(.+)$/.exec(part) ?? [];
    if (kind === "service") return [{ kind, name: decodeURIComponent(value) }];
    if (!/^\d{1,16}$/.test(value)) return [];
    if (kind === "depth") return [{ kind, levels: Number(value) }];
    return kind === "below" ? [{ kind, nano: Number(value) }] : [];
  });
}

/** The rules as a text. */
export function foldRulesText(rules: readonly FoldRule[]): string {
  return rules
    .map((rule) => {
      switch (rule.kind) {
        case "service":
          return `service:${rule.name.replaceAll("%", "%25").replaceAll(";", "%3B")}`;
        case "depth":
          return `depth:${rule.levels}`;
        case "below":
          return `below:${rule.nano}`;
      }
    })
    .join(";");
}

/** By row: 1 if some rule folds it; rows without children never are. */
export function foldsOf(table: SpanTable, rules: readonly FoldRule[]): Uint8Array {
  const folded = new Uint8Array(table.length);
  for (const rule of rules) {
    const folds = matcher(table, rule);
    for (let row = 0; row < table.length; row++) {
      if (table.subtreeSize[row]! > 1 && folds(row)) folded[row] = 1;
    }
  }
  return folded;
}

function matcher(table: SpanTable, rule: FoldRule): (row: number) => boolean {
  const { depth, service, spanNano, texts } = table;
  switch (rule.kind) {
    case "service": {
      const number = texts.indexOf(rule.name);
      return (row) => service[row] === number;
    }
    case "depth":
      return (row) => depth[row]! + 1 >= rule.levels;
    case "below":
      return (row) => spanNano[row]! < rule.nano;
  }
}
