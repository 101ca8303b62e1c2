import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { CopyIcon, DoneIcon } from "./icons.tsx";

const THANKS_MS = 1500;

/** A button that puts `text` on the clipboard and says so; `what` names it for who cannot see. */
export function CopyButton({ text, what, label }: { text: string; what: string; label?: string }) {
  const copied = useSignal(false);
  useEffect(() => {
    if (!copied.value) return;
    const timer = setTimeout(() => (copied.value = false), THANKS_MS);
    return () => clearTimeout(timer);
  }, [copied.value]);
  return (
    <button
      type="button"
      class={label === undefined ? "icon-button copy" : "button copy"}
      aria-label={`Copy ${what}`}
      title={`Copy ${what}`}
      onClick={(event) => {
        event.stopPropagation();
        void copyText(text).then((done) => (copied.value = done));
      }}
    >
      {copied.value ? <DoneIcon /> : <CopyIcon />}
      {label !== undefined && <span>{copied.value ? "Copied" : label}</span>}
    </button>
  );
}

/** Puts text on the clipboard; also where the page is not served securely and there is no API. */
export async function copyText(text: string): Promise<boolean> {
  if (window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused by the browser: the old way may still work.
    }
  }
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
