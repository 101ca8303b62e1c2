/** Where nodes of the map stood, so that they stand there again: after a reload, at another time. */
import type { Places } from "./layout-calls.ts";

const KEY = "clew.map";
const MOST_PLACES = 3000;

type Stored = readonly (readonly [id: string, column: number, row: number])[];

/** The places that this browser knows; none if it keeps nothing. */
export function knownPlaces(): Places {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "[]") as Stored;
    return new Map(stored.map(([id, column, row]) => [id, { column, row }]));
  } catch {
    return new Map();
  }
}

/** Adds places to those known; what was not seen for longest is forgotten. */
export function rememberPlaces(places: Places): void {
  const all = new Map(knownPlaces());
  for (const [id, place] of places) {
    all.delete(id);
    all.set(id, place);
  }
  const stored: Stored = [...all].map(([id, { column, row }]) => [id, column, row]);
  try {
    localStorage.setItem(KEY, JSON.stringify(stored.slice(-MOST_PLACES)));
  } catch {
    // Nothing is kept here: then the map is laid out anew each time.
  }
}

/** Forgets all places. */
export function forgetPlaces(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // There are none.
  }
}
