/** Whose keys the page of a trace has: Clew's, or those that people know from Jaeger. */
import { signal } from "@preact/signals";
import type { KeyPreset } from "./keys.ts";

const KEY = "clew.keys";

/** The reader's choice. */
export const keyPreset = signal<KeyPreset>(remembered());

function remembered(): KeyPreset {
  try {
    return localStorage.getItem(KEY) === "jaeger" ? "jaeger" : "clew";
  } catch {
    return "clew"; // Storage is switched off.
  }
}

/** Has these keys from now on, and remembers it where the browser lets us. */
export function chooseKeys(preset: KeyPreset): void {
  keyPreset.value = preset;
  try {
    localStorage.setItem(KEY, preset);
  } catch {
    // Storage is switched off: the choice holds until the page is left.
  }
}
