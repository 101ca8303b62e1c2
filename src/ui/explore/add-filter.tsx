/** A condition put together from a field, an operator and a value of the data. */
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { namesOf } from "../editor/completion.ts";
import { createVocabulary } from "../editor/vocabulary.ts";
import { useClosing } from "../shell/use-closing.ts";
import type { ExploreQuery } from "./explore-route.ts";
import { conditionText, operators, understand, withCondition } from "./filters.ts";

interface AddFilterProps {
  readonly query: ExploreQuery;
  readonly onChange: (change: Partial<ExploreQuery>) => void;
}

const vocabulary = createVocabulary();
const intrinsics = ["name", "status", "kind", "duration", "statusMessage", "trace:rootName"];

/** A button that opens the form; what it makes becomes part of the query. */
export function AddFilter({ query, onChange }: AddFilterProps) {
  const details = useRef<HTMLDetailsElement>(null);
  const fields = useSignal<readonly string[]>(intrinsics);
  const values = useSignal<readonly string[]>([]);
  const problem = useSignal("");
  useClosing(details);
  const { kind } = understand(query.q);
  if (kind === "metrics" || kind === "wrong") return null;
  const askFields = async (): Promise<void> => {
    const known = await vocabulary.scopes();
    const scopes = ["resource", "span", "event"] as const;
    const names = scopes.flatMap((scope) =>
      namesOf(known, scope).map((name) => `${scope}.${name}`),
    );
    fields.value = [...intrinsics, ...names];
  };
  const askValues = async (field: string): Promise<void> => {
    values.value =
      field === "" ? [] : (await vocabulary.values(field, query.q)).map(({ value }) => value);
  };
  return (
    <details
      class="add-filter"
      ref={details}
      onToggle={(event) => {
        if (event.currentTarget.open) void askFields();
      }}
    >
      <summary class="button">+ Filter</summary>
      <form
        class="popover"
        onSubmit={(event) => {
          event.preventDefault();
          const { elements } = event.currentTarget;
          const [field = "", op = "", value = ""] = ["field", "op", "value"].map((name) =>
            (elements.namedItem(name) as HTMLInputElement).value.trim(),
          );
          const condition = conditionText(field, op, value);
          problem.value = condition === undefined ? "That is no condition: see the examples." : "";
          if (condition === undefined) return;
          if (details.current !== null) details.current.open = false;
          event.currentTarget.reset();
          onChange({ q: withCondition(query.q, condition), box: undefined });
        }}
      >
        <label>
          <span>Field</span>
          <input
            class="field mono"
            name="field"
            list="filter-fields"
            autocomplete="off"
            spellcheck={false}
            required
            onChange={(event) => void askValues(event.currentTarget.value.trim())}
          />
        </label>
        <label>
          <span>is</span>
          <select class="field" name="op">
            {operators.map((op) => (
              <option key={op}>{op}</option>
            ))}
          </select>
        </label>
        <label>
          <span>Value</span>
          <input
            class="field mono"
            name="value"
            list="filter-values"
            autocomplete="off"
            spellcheck={false}
          />
        </label>
        <p class="error" role="alert">
          {problem.value}
        </p>
        <button type="submit" class="button">
          Add to the query
        </button>
        <datalist id="filter-fields">
          {fields.value.map((field) => (
            <option key={field} value={field} />
          ))}
        </datalist>
        <datalist id="filter-values">
          {values.value.map((value) => (
            <option key={value} value={value} />
          ))}
        </datalist>
      </form>
    </details>
  );
}
