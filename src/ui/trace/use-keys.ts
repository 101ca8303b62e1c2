import { useEffect, useRef } from "preact/hooks";
import { isTyping } from "../shell/keys-dialog.tsx";
import { keyPreset } from "./key-preset.ts";
import { readKey, type KeyAction } from "./keys.ts";

/** Hears every key on the page that is ours and not meant for a field or a control. */
export function useKeys(onAction: (action: KeyAction) => void): void {
  const latest = useRef(onAction);
  latest.current = onAction;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const command = (event.ctrlKey || event.metaKey) && !event.altKey;
      const modified = event.ctrlKey || event.altKey || event.metaKey;
      if ((isTyping(event) && !command) || event.defaultPrevented) return;
      const action = readKey(
        { key: event.key, shift: event.shiftKey, modified, command },
        keyPreset.peek(),
      );
      if (action === undefined || isForControl(event)) return;
      event.preventDefault();
      latest.current(action);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

/** Enter on a button or link is that one's; keys that scroll are the drawer's while it has focus. */
function isForControl({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  if (key === "Enter") return target.closest("button, a, summary") !== null;
  return /^(Arrow|Page|Home|End)/.test(key) && target.closest(".drawer") !== null;
}
