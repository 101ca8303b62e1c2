import { signal } from "@preact/signals";

const themes = ["auto", "light", "dark"] as const;
/** How the page may be shown. */
export type Theme = (typeof themes)[number];

/** Where the choice is kept; index.html reads it too, before the first paint. */
const KEY = "clew.theme";

const given = document.documentElement.dataset["theme"];

/** The reader's choice; "auto" follows the system. */
export const theme = signal<Theme>(themes.find((name) => name === given) ?? "auto");

/** The theme that comes after `current` when the button is pressed. */
export function nextTheme(current: Theme): Theme {
  return themes[(themes.indexOf(current) + 1) % themes.length]!;
}

/** Shows the page in a theme, and remembers it where the browser lets us. */
export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  document.documentElement.dataset["theme"] = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // Storage is switched off: the choice holds until the page is left.
  }
}
