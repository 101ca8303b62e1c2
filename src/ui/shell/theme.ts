import { effect, signal } from "@preact/signals";

const themes = ["auto", "light", "dark"] as const;
/** How the page may be shown. */
export type Theme = (typeof themes)[number];

const KEY = "clew.theme";

/** The reader's choice, or what the address asks for; "auto" follows the system. */
export const theme = signal<Theme>(asked() ?? remembered());

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});

/** A page around this one says which theme it has. */
function asked(): Theme | undefined {
  const name = new URLSearchParams(window.location.search).get("theme");
  return themes.find((known) => known === name);
}

function remembered(): Theme {
  try {
    return themes.find((name) => name === localStorage.getItem(KEY)) ?? "auto";
  } catch {
    return "auto"; // Storage is switched off.
  }
}

/** The theme that comes after `current` when the button is pressed. */
export function nextTheme(current: Theme): Theme {
  return themes[(themes.indexOf(current) + 1) % themes.length]!;
}

/** Shows the page in a theme, and remembers it where the browser lets us. */
export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // Storage is switched off: the choice holds until the page is left.
  }
}
