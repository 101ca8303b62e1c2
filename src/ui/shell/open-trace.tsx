import { useSignal } from "@preact/signals";
import { traceHref } from "../trace/trace-query.ts";
import { readTraceId } from "../trace-id.ts";
import { go } from "./place.ts";

/** The box that opens a trace by its id; wrong input is answered below it. */
export function OpenTrace() {
  const problem = useSignal("");
  return (
    <form
      class="open-trace"
      role="search"
      aria-label="A trace by its id"
      onSubmit={(event) => {
        event.preventDefault();
        const box = event.currentTarget.elements.namedItem("traceId") as HTMLInputElement;
        const read = readTraceId(box.value);
        problem.value = read.kind === "wrong" ? read.message : "";
        if (read.kind === "wrong") return box.focus();
        box.value = "";
        box.blur();
        go(traceHref({ traceId: read.traceId }));
      }}
    >
      <input
        id="open-trace"
        name="traceId"
        class="field mono"
        aria-label="Open a trace by its id"
        aria-invalid={problem.value !== ""}
        aria-describedby="open-trace-problem"
        placeholder="Trace id"
        autocomplete="off"
        spellcheck={false}
        onInput={() => (problem.value = "")}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          problem.value = "";
          event.currentTarget.blur();
        }}
      />
      <div id="open-trace-problem" class="problem" role="alert">
        {problem.value}
      </div>
    </form>
  );
}

/** Puts the keyboard into the box. */
export function focusOpenTrace(): void {
  document.querySelector<HTMLInputElement>("#open-trace")?.focus();
}
