import { ThemeIcon } from "./icons.tsx";
import { keysShown } from "./keys-dialog.tsx";
import { chooseTheme, nextTheme, theme } from "./theme.ts";

/** What is at the end of the bar on top: the list of keys, and the theme. */
export function BarButtons() {
  return (
    <>
      <button
        type="button"
        class="icon-button"
        aria-label="Show the keys"
        title="Keys (?)"
        onClick={() => (keysShown.value = true)}
      >
        ?
      </button>
      <button
        type="button"
        class="icon-button theme-button"
        aria-label={`Theme: ${theme.value}. Change to ${nextTheme(theme.value)}`}
        title={`Theme: ${theme.value}`}
        onClick={() => chooseTheme(nextTheme(theme.value))}
      >
        <ThemeIcon />
        {theme.value !== "auto" && <span class="theme-name">{theme.value}</span>}
      </button>
    </>
  );
}
