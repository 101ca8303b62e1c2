/** What may be typed at a place in a query: words of the language, attributes and values of the data. */
import type { TagsAnswer, TagValuesAnswer } from "../../api/contract.ts";
import type { AttributeScope, Field } from "../../traceql/ast.ts";
import { fieldText } from "../../traceql/expression-text.ts";
import { quoteString } from "../../traceql/strings.ts";
import { type Typing, typingAt } from "../../traceql/typing.ts";

/** Where attributes and their values come from. */
export interface Vocabulary {
  readonly scopes: () => Promise<TagsAnswer["scopes"]>;
  /** The values of a field as TraceQL has it, among the spans that `q`, half typed, may mean. */
  readonly values: (field: string, q: string) => Promise<TagValuesAnswer["values"]>;
}

/** Something to insert. */
export interface Suggestion {
  /** What is inserted. */
  readonly text: string;
  readonly kind: "word" | "attribute" | "value";
}

/** Suggestions for the text from `from` to `to`. */
export interface Suggestions {
  readonly from: number;
  readonly to: number;
  readonly items: readonly Suggestion[];
}

const scopes = ["resource", "span", "event", "link", "instrumentation"] as const;
const UNSAID: ReadonlySet<string> = new Set(["event", "link", "instrumentation"]);

/** What may stand at the caret, in the order of its use; undefined where there is nothing to say. What
 * could follow on something complete is said only if it was `asked` for. */
export async function suggestionsAt(
  text: string,
  caret: number,
  vocabulary: Vocabulary,
  asked = true,
): Promise<Suggestions | undefined> {
  const typing = typingAt(text, caret);
  if (typing.kind === "none") return undefined;
  const follows = typing.kind === "connector" || typing.kind === "operator";
  if (follows && !asked && typing.prefix === "" && !text.slice(0, caret).endsWith(" ")) {
    return undefined;
  }
  const words = typing.words.map((word): Suggestion => ({ text: word, kind: "word" }));
  const items = [...(await ofData(typing, text, vocabulary)), ...words];
  if (items.length === 0) return undefined;
  return { from: typing.from, to: typing.to, items };
}

async function ofData(
  typing: Exclude<Typing, { kind: "none" }>,
  text: string,
  vocabulary: Vocabulary,
): Promise<Suggestion[]> {
  switch (typing.kind) {
    case "attribute": {
      const known = await vocabulary.scopes();
      const names = namesOf(known, typing.scope);
      return names.map((name) => ({
        text: withoutScope({ kind: "attribute", scope: typing.scope, name, ...nowhere }),
        kind: "attribute",
      }));
    }
    case "operand": {
      const known = await vocabulary.scopes();
      return scopes.flatMap((scope) =>
        UNSAID.has(scope) && typing.prefix === ""
          ? []
          : namesOf(known, scope).map((name) => ({
              text: fieldText({ kind: "attribute", scope, name, ...nowhere }),
              kind: "attribute" as const,
            })),
      );
    }
    case "value": {
      // Without the value that is being typed, which would leave only itself.
      const others = text.slice(0, typing.from) + text.slice(typing.to);
      const values = await vocabulary.values(fieldText(typing.field), others);
      return values.map(({ type, value }) => ({
        text: type === "string" ? quoteString(value) : value,
        kind: "value",
      }));
    }
    default:
      return [];
  }
}

const nowhere = { ofParent: false, from: 0, to: 0 };

/** The names of attributes in a scope; plain ones (`service.name`) before those with more parts. */
export function namesOf(known: TagsAnswer["scopes"], scope: AttributeScope): string[] {
  const wanted = scope === "any" ? ["span", "resource"] : [scope];
  const names = known.filter(({ name }) => wanted.includes(name)).flatMap(({ tags }) => tags);
  const parts = (name: string): number => name.split(".").length;
  return [...new Set(names)].sort((a, b) => parts(a) - parts(b) || (a < b ? -1 : 1));
}

/** The name as it stands behind its scope and the dot. */
function withoutScope(field: Extract<Field, { kind: "attribute" }>): string {
  const text = fieldText(field);
  return text.slice(text.indexOf(".") + 1);
}
