/** The editor of queries: CodeMirror, which is fetched when somebody is about to type. */
import {
  acceptCompletion,
  autocompletion,
  completionKeymap,
  type CompletionContext,
  type CompletionResult,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, insertNewline } from "@codemirror/commands";
import { linter } from "@codemirror/lint";
import { Compartment, EditorState, Prec, RangeSetBuilder } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  keymap,
  placeholder,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";
import type { QueryProblem } from "../../api/contract.ts";
import { readQuery } from "../../traceql/check.ts";
import { lex } from "../../traceql/lex.ts";
import type { Token } from "../../traceql/tokens.ts";
import { suggestionsAt, type Vocabulary } from "./completion.ts";
import { createVocabulary } from "./vocabulary.ts";

/** What the editor needs, and tells. */
export interface EditorUse {
  readonly text: string;
  readonly label: string;
  readonly hint: string;
  /** Enter was pressed: the text as it is, and what is wrong with it. */
  readonly onSubmit: (text: string, problems: readonly QueryProblem[]) => void;
  readonly onChange: (text: string) => void;
}

/** A mounted editor. */
export interface Editor {
  readonly setText: (text: string) => void;
  readonly focus: () => void;
  readonly close: () => void;
}

let vocabulary: Vocabulary | undefined;

/** Puts an editor into an element. */
export function mountEditor(parent: HTMLElement, use: EditorUse): Editor {
  vocabulary ??= createVocabulary();
  const words = vocabulary;
  const settings = new Compartment();
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: use.text,
      selection: { anchor: use.text.length },
      extensions: [
        Prec.highest(
          keymap.of([{ key: "Enter", run: (at) => submit(at, use), shift: insertNewline }]),
        ),
        history(),
        keymap.of([...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorView.lineWrapping,
        placeholder(use.hint),
        settings.of(
          EditorView.contentAttributes.of({ "aria-label": use.label, spellcheck: "false" }),
        ),
        autocompletion({
          override: [(context) => complete(context, words)],
          icons: false,
          // What is shown may be taken at once: Enter must not do something else first.
          interactionDelay: 0,
        }),
        linter((at) => problemsOf(at.state.doc.toString()), { delay: 250 }),
        colouring,
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          use.onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    setText: (text) => {
      if (text === view.state.doc.toString()) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    focus: () => view.focus(),
    close: () => view.destroy(),
  };
}

function submit(view: EditorView, use: EditorUse): boolean {
  if (acceptCompletion(view)) return true;
  const text = view.state.doc.toString();
  use.onSubmit(text, problemsOf(text));
  return true;
}

async function complete(
  { state, pos, explicit }: CompletionContext,
  words: Vocabulary,
): Promise<CompletionResult | null> {
  const found = await suggestionsAt(state.doc.toString(), pos, words, explicit);
  if (found === undefined) return null;
  return {
    from: found.from,
    to: found.to,
    options: found.items.map(({ text: label, kind }, i) => ({
      label,
      type: kind,
      boost: -i / 100,
    })),
  };
}

/** What is wrong with a query, for underlining. An empty one is the question for everything. */
function problemsOf(text: string) {
  if (text.trim() === "") return [];
  return readQuery(text).problems.map(({ from, to, message }) => ({
    from: Math.min(from, Math.max(text.length - 1, 0)),
    to: Math.min(Math.max(to, from + 1), text.length),
    message,
    severity: "error" as const,
  }));
}

const colouring = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = colours(view.state.doc.toString());
    }
    update({ docChanged, state }: ViewUpdate): void {
      if (docChanged) this.decorations = colours(state.doc.toString());
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

function colours(text: string): DecorationSet {
  const marks = new RangeSetBuilder<Decoration>();
  const { tokens, comments } = lex(text);
  const parts = [
    ...tokens.map((token) => ({ ...token, look: lookOf(token) })),
    ...comments.map((place) => ({ ...place, look: "comment" })),
  ];
  for (const { from, to, look } of parts.sort((a, b) => a.from - b.from)) {
    if (look !== undefined && from < to)
      marks.add(from, to, Decoration.mark({ class: `ql-${look}` }));
  }
  return marks.finish();
}

function lookOf(token: Token): string | undefined {
  switch (token.kind) {
    case "attribute":
    case "colon":
      return "field";
    case "string":
      return "string";
    case "int":
    case "float":
    case "duration":
      return "number";
    case "operator":
      return "operator";
    case "word":
      return "word";
    case "error":
    case "end":
      return undefined;
  }
}
