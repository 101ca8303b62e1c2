/** Which key does what on the page of a trace. */
import type { WaterfallAction } from "./cursor.ts";

/** What a key can ask for on the page of a trace. */
export type KeyAction =
  | WaterfallAction
  | { readonly kind: "open" }
  | { readonly kind: "close" }
  | { readonly kind: "filter" | "find" | "path" | "errors" | "root" }
  | { readonly kind: "view"; readonly nth: number }
  | { readonly kind: "findNext"; readonly step: 1 | -1 }
  | { readonly kind: "zoom"; readonly factor: number }
  | { readonly kind: "pan"; readonly share: number }
  | { readonly kind: "fit" | "whole" | "copyLink" }
  | { readonly kind: "page"; readonly direction: 1 | -1 };

/** A key as it was pressed. */
export interface KeyPress {
  readonly key: string;
  readonly shift: boolean;
  /** Ctrl, Alt or Meta is held: then the key is the browser's. */
  readonly modified: boolean;
  /** Ctrl or Meta is held, and not Alt. */
  readonly command: boolean;
}

const ZOOM = 0.75;
const PAN = 0.15;

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
  ".": { kind: "nextSibling" },
  ",": { kind: "previousSibling" },
  "[": { kind: "expandAll" },
  "]": { kind: "collapseAll" },
  o: { kind: "expandLevel" },
  p: { kind: "collapseLevel" },
  e: { kind: "nextError" },
  E: { kind: "previousError" },
  w: { kind: "zoom", factor: ZOOM },
  s: { kind: "zoom", factor: 1 / ZOOM },
  a: { kind: "pan", share: -PAN },
  d: { kind: "pan", share: PAN },
  A: { kind: "pan", share: -3 * PAN },
  D: { kind: "pan", share: 3 * PAN },
  f: { kind: "fit" },
  "0": { kind: "whole" },
  n: { kind: "findNext", step: 1 },
  N: { kind: "findNext", step: -1 },
  c: { kind: "path" },
  x: { kind: "errors" },
  r: { kind: "root" },
  y: { kind: "copyLink" },
  Enter: { kind: "open" },
  Escape: { kind: "close" },
  "/": { kind: "filter" },
};

/** Views by their place among `traceViews`. */
const viewKeys = "12345678";

const byShiftedKey: Readonly<Record<string, KeyAction>> = {
  ArrowLeft: { kind: "pan", share: -3 * PAN },
  ArrowRight: { kind: "pan", share: 3 * PAN },
};

/** Whose keys there are. */
export type KeyPreset = "clew" | "jaeger";

/** Where Jaeger's page has other keys; all others are Clew's in both. */
const jaegersKeys: Readonly<Record<string, KeyAction>> = {
  ArrowUp: { kind: "zoom", factor: ZOOM },
  ArrowDown: { kind: "zoom", factor: 1 / ZOOM },
  ArrowLeft: { kind: "pan", share: -PAN },
  ArrowRight: { kind: "pan", share: PAN },
  w: { kind: "page", direction: -1 },
  s: { kind: "page", direction: 1 },
  f: { kind: "findNext", step: 1 },
  b: { kind: "findNext", step: -1 },
};
const jaegersShiftedKeys: Readonly<Record<string, KeyAction>> = {
  ArrowUp: { kind: "zoom", factor: ZOOM ** 3 },
  ArrowDown: { kind: "zoom", factor: ZOOM ** -3 },
};

/** What a key asks for, or undefined if it is not ours. */
export function readKey(
  { key, shift, modified, command }: KeyPress,
  preset: KeyPreset = "clew",
): KeyAction | undefined {
  const isJaegers = preset === "jaeger";
  if (command && (key === "f" || (isJaegers && key === "b"))) return { kind: "find" };
  if (modified) return undefined;
  if (shift && isJaegers && Object.hasOwn(jaegersShiftedKeys, key)) return jaegersShiftedKeys[key];
  if (shift && Object.hasOwn(byShiftedKey, key)) return byShiftedKey[key];
  if (isJaegers && Object.hasOwn(jaegersKeys, key)) return jaegersKeys[key];
  if (key.length === 1 && viewKeys.includes(key)) return { kind: "view", nth: Number(key) - 1 };
  return Object.hasOwn(byKey, key) ? byKey[key] : undefined;
}

const keyHelp: readonly (readonly [keys: readonly string[], what: string])[] = [
  [["↑", "↓", "k", "j"], "Previous or next row"],
  [["←", "→", "h", "l"], "Collapse or expand; then to the parent or first child"],
  [[",", "."], "Previous or next sibling"],
  [["[", "]"], "Expand all, collapse all"],
  [["o", "p"], "Expand or collapse one level"],
  [["Home", "End", "PgUp", "PgDn"], "Far through the rows"],
  [["e", "Shift+e"], "Next or previous error"],
  [
    ["w", "s"],
    "Zoom in or out at the pointer; also Ctrl with the wheel, or dragging over the bars",
  ],
  [["a", "d"], "Earlier or later; with Shift farther"],
  [["f", "0"], "Zoom to the chosen span; to the whole trace"],
  [
    ["1", "…", "8"],
    "Waterfall, flame graph, merged calls, map, table, statistics, logs, compare with another trace",
  ],
  [["Enter"], "Open the details of the row"],
  [["Esc"], "Close the details"],
  [["/", "Ctrl+f"], "Find spans by name; with details open, / filters attributes"],
  [["n", "Shift+n"], "Next or previous span found"],
  [["c"], "Mark the critical path"],
  [["x"], "Dim what led to no error, and mark where errors began"],
  [["r"], "Show only the subtree of the row; again: everything"],
  [["y"], "Copy a link to what is shown"],
  [["?"], "Show these keys"],
];

/** What is other with Jaeger's keys. */
const jaegersKeyHelp: typeof keyHelp = [
  [["j", "k"], "Next or previous row"],
  [["h", "l"], "Collapse or expand; then to the parent or first child"],
  [["↑", "↓"], "Zoom in or out; with Shift more"],
  [["←", "→", "a", "d"], "Earlier or later; with Shift farther"],
  [["w", "s"], "A page up or down"],
  [["f", "b"], "Next or previous span found"],
  [["Ctrl+b", "Ctrl+f", "/"], "Find spans by name"],
];
const notJaegers: ReadonlySet<string> = new Set(["↑", "←", "w", "a", "f", "/", "n"]);

/** The list that `?` shows, for whose keys there are. */
export function keyHelpOf(preset: KeyPreset): typeof keyHelp {
  if (preset === "clew") return keyHelp;
  const others = keyHelp.filter(([[first]]) => !notJaegers.has(first!));
  return [...jaegersKeyHelp, [["n", "0"], "Next span found; the whole trace"], ...others];
}
