import { useEffect } from "preact/hooks";

/** Closes an open `details` by Escape and by a press elsewhere. */
export function useClosing(details: { readonly current: HTMLDetailsElement | null }): void {
  useEffect(() => {
    const onPress = (event: PointerEvent): void => {
      const { current } = details;
      if (current?.open === true && !current.contains(event.target as Node)) current.open = false;
    };
    const onKey = (event: KeyboardEvent): void => {
      const { current } = details;
      if (event.key !== "Escape" || current?.open !== true) return;
      current.open = false;
      current.querySelector("summary")?.focus();
    };
    document.addEventListener("pointerdown", onPress);
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("pointerdown", onPress);
      document.removeEventListener("keydown", onKey);
    };
  }, []);
}
