/** Which key does what on the page of a trace. */
import type { WaterfallAction } from "./cursor.ts";

/** What a key can ask for on the page of a trace. */
export type KeyAction =
  | WaterfallAction
  | { readonly kind: "open" }
  | { readonly kind: "close" }
  | { readonly kind: "filter" }
  | { readonly kind: "page"; readonly direction: 1 | -1 };

/** A key as it was pressed. */
export interface KeyPress {
  readonly key: string;
  /** Ctrl, Alt or Meta is held: then the key is the browser's. */
  readonly modified: boolean;
}

const byKey: Readonly<Record<string, KeyAction>> = {
  ArrowDown: { kind: "move", rows: 1 },
  j: { kind: "move", rows: 1 },
  ArrowUp: { kind: "move", rows: -1 },
  k: { kind: "move", rows: -1 },
  ArrowLeft: { kind: "out" },
  h: { kind: "out" },
  ArrowRight: { kind: "in" },
  l: { kind: "in" },
  PageDown: { kind: "page", direction: 1 },
  PageUp: { kind: "page", direction: -1 },
  Home: { kind: "first" },
  End: { kind: "last" },
  "[": { kind: "expandAll" },
  "]": { kind: "collapseAll" },
  e: { kind: "nextError" },
  E: { kind: "previousError" },
  Enter: { kind: "open" },
  Escape: { kind: "close" },
  "/": { kind: "filter" },
};

/** What a key asks for, or undefined if it is not ours. */
export function readKey({ key, modified }: KeyPress): KeyAction | undefined {
  return modified || !Object.hasOwn(byKey, key) ? undefined : byKey[key];
}

/** The list that `?` shows. */
export const keyHelp: readonly (readonly [keys: readonly string[], what: string])[] = [
  [["↑", "↓", "k", "j"], "Previous or next row"],
  [["←", "→", "h", "l"], "Collapse or expand; then to the parent or first child"],
  [["[", "]"], "Expand all, collapse all"],
  [["Home", "End", "PgUp", "PgDn"], "Far through the rows"],
  [["e", "Shift+e"], "Next or previous error"],
  [["Enter"], "Open the details of the row"],
  [["Esc"], "Close the details"],
  [["/"], "Filter attributes if details are open, else open a trace by its id"],
  [["?"], "Show these keys"],
];
