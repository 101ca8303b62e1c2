/** The box for a query: a plain field at first, an editor once somebody is about to type. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { QueryProblem } from "../../api/contract.ts";
import type { Editor } from "./editor.ts";

interface QueryBoxProps {
  readonly q: string;
  /** What Clew said is wrong with the query. */
  readonly problems: readonly QueryProblem[];
  readonly onSubmit: (q: string) => void;
}

const LABEL = "Query in TraceQL";
const HINT = "{ } — every span; for example { status = error && duration > 100ms }";

/** The box, and below it what is wrong with what is in it. */
export function QueryBox({ q, problems, onSubmit }: QueryBoxProps) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | undefined>(undefined);
  const text = useSignal(q);
  /** What is wrong with a query that was not sent for it. */
  const unsent = useSignal<readonly QueryProblem[]>([]);
  const isEditor = useSignal(false);
  const submit = useRef(onSubmit);
  submit.current = onSubmit;
  const open = async (): Promise<void> => {
    const { mountEditor } = await import("./editor.ts");
    if (host.current === null || editor.current !== undefined) return;
    isEditor.value = true;
    editor.current = mountEditor(host.current, {
      text: text.value,
      label: LABEL,
      hint: HINT,
      onSubmit: (value, wrong) => {
        unsent.value = wrong;
        if (wrong.length === 0) submit.current(value.trim());
      },
      onChange: (value) => {
        text.value = value;
        unsent.value = [];
      },
    });
    editor.current.focus();
  };
  useEffect(() => {
    text.value = q;
    unsent.value = [];
    editor.current?.setText(q);
  }, [q]);
  useEffect(() => () => editor.current?.close(), []);
  const sent = text.value.trim() === q ? problems : [];
  const problem = [...unsent.value, ...sent][0];
  return (
    <div class={problem === undefined ? "query-box" : "query-box wrong"}>
      <div class="query-editor" ref={host}>
        {!isEditor.value && (
          <input
            id="query"
            class="mono"
            aria-label={LABEL}
            aria-describedby="query-problem"
            placeholder={HINT}
            autocomplete="off"
            spellcheck={false}
            value={text.value}
            onInput={(event) => (text.value = event.currentTarget.value)}
            onFocus={() => void open()}
            onKeyDown={(event) => {
              if (event.key === "Enter") onSubmit(text.value.trim());
            }}
          />
        )}
      </div>
      <p id="query-problem" class="query-problem" role="alert">
        {problem !== undefined && <Problem text={text.value} problem={problem} />}
      </p>
    </div>
  );
}

/** The sentence, and the place in the query. */
function Problem({ text, problem }: { text: string; problem: QueryProblem }) {
  const place = text.slice(problem.from, problem.to);
  return (
    <>
      {problem.message}
      {place !== "" && (
        <>
          {" "}
          at <code>{place.length > 40 ? `${place.slice(0, 40)}…` : place}</code>
        </>
      )}
    </>
  );
}

/** Puts the keyboard into the box; false if there is none on this page. */
export function focusQuery(): boolean {
  const box = document.querySelector<HTMLElement>(".query-editor .cm-content, .query-editor input");
  box?.focus();
  return box !== null;
}
