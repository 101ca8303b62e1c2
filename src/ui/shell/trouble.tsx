import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { askStatus } from "../api.ts";
import { repeat } from "../repeat.ts";
import { ErrorIcon } from "./icons.tsx";

const ASK_EVERY_MS = 5000;

/** What is wrong with Clew itself, on every page for as long as it is. */
export function Trouble() {
  const trouble = useSignal<readonly string[]>([]);
  useEffect(
    () =>
      repeat(async (signal) => {
        const status = await askStatus(signal);
        // No answer is not told here: the page that asks for something says so itself.
        if (status.kind === "ok") trouble.value = status.value.trouble;
      }, ASK_EVERY_MS),
    [trouble],
  );
  if (trouble.value.length === 0) return null;
  return (
    <div class="banner trouble" role="alert">
      {trouble.value.map((sentence) => (
        <p key={sentence}>
          <ErrorIcon /> {sentence}
        </p>
      ))}
    </div>
  );
}
