import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { exploreKeyHelp, mapKeyHelp, timeKeyHelp } from "../explore/explore-keys.ts";
import type { Route } from "../route.ts";
import { chooseKeys, keyPreset } from "../trace/key-preset.ts";
import { keyHelpOf } from "../trace/keys.ts";
import { CloseIcon } from "./icons.tsx";
import { navKeyHelp } from "./nav-pages.ts";
import { route } from "./place.ts";

/** Whether the list of keys is shown. */
export const keysShown = signal(false);

/** The list of keys, over the page. */
export function KeysDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (keysShown.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [keysShown.value]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "?" && !isTyping(event)) keysShown.value = true;
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  const help = [...helpFor(route.value), ...navKeyHelp];
  return (
    <dialog ref={dialog} aria-labelledby="keys-title" onClose={() => (keysShown.value = false)}>
      <div class="dialog-head">
        <h2 id="keys-title">Keys</h2>
        <button
          type="button"
          class="icon-button"
          aria-label="Close"
          onClick={() => (keysShown.value = false)}
        >
          <CloseIcon />
        </button>
      </div>
      {route.value.kind === "trace" && (
        <label class="check">
          <input
            type="checkbox"
            checked={keyPreset.value === "jaeger"}
            onChange={({ currentTarget }) => chooseKeys(currentTarget.checked ? "jaeger" : "clew")}
          />
          Jaeger’s keys, where they differ
        </label>
      )}
      <dl class="keys">
        {help.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}

function helpFor({ kind }: Route): typeof navKeyHelp {
  switch (kind) {
    case "explore":
      return exploreKeyHelp;
    case "trace":
      return keyHelpOf(keyPreset.value);
    case "map":
      return mapKeyHelp;
    default:
      return timeKeyHelp;
  }
}

const WRITABLE = "input, select, textarea, dialog, [contenteditable]";

/** Whether a key press is meant for a text field, a list of choices or an open dialog. What was in a dialog
 * that has just been closed has the focus for a moment longer, but nobody means it. */
export function isTyping(event: KeyboardEvent): boolean {
  const { target } = event;
  return target instanceof Element && target.closest(WRITABLE) !== null && target.checkVisibility();
}
