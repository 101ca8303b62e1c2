/** By what figures are broken down: what roll-ups know, or any field of spans. */
import { useSignal } from "@preact/signals";
import { createVocabulary } from "../editor/vocabulary.ts";
import { isByField } from "./attribute-groups.ts";
import type { Grouping } from "./explore-route.ts";
import { isField } from "./filters.ts";

interface ByChoiceProps {
  readonly by: Grouping;
  readonly onChoose: (by: Grouping) => void;
}

const groupings: readonly (readonly [Grouping, string])[] = [
  ["", "nothing"],
  ["service", "service"],
  ["operation", "operation"],
];
/** What leads to the form for a field; no field has such a name. */
const OTHER = "…";
const vocabulary = createVocabulary();
const intrinsics = ["name", "status", "kind", "statusMessage", "trace:rootName"];

/** A list, and for a field a form. */
export function ByChoice({ by, onChoose }: ByChoiceProps) {
  const isAsking = useSignal(false);
  const fields = useSignal<readonly string[]>(intrinsics);
  const problem = useSignal("");
  const askFields = async (): Promise<void> => {
    const known = await vocabulary.scopes();
    const names = known
      .filter(({ name }) => name === "resource" || name === "span")
      .flatMap(({ name, tags }) => tags.map((tag) => `${name}.${tag}`));
    fields.value = [...intrinsics, ...names];
  };
  if (isAsking.value) {
    return (
      <form
        class="labelled by-field"
        onSubmit={(event) => {
          event.preventDefault();
          const input = event.currentTarget.elements.namedItem("by") as HTMLInputElement;
          const field = input.value.trim();
          problem.value = field === "" || isField(field) ? "" : "No such field.";
          if (problem.value !== "") return;
          isAsking.value = false;
          onChoose(field);
        }}
      >
        <label for="by-field">By</label>
        <input
          id="by-field"
          class="field mono"
          name="by"
          list="by-fields"
          ref={(input) => input?.focus()}
          placeholder="span.http.route"
          autocomplete="off"
          spellcheck={false}
          aria-invalid={problem.value !== ""}
          onKeyDown={(event) => {
            if (event.key === "Escape") isAsking.value = false;
          }}
        />
        <datalist id="by-fields">
          {fields.value.map((field) => (
            <option key={field} value={field} />
          ))}
        </datalist>
        <button type="submit" class="button">
          Group
        </button>
        <span class="error" role="alert">
          {problem.value}
        </span>
      </form>
    );
  }
  return (
    <label class="labelled">
      <span>By</span>
      <select
        class="field"
        value={by}
        onChange={(event) => {
          const { value } = event.currentTarget;
          if (value !== OTHER) return onChoose(value);
          isAsking.value = true;
          void askFields();
        }}
      >
        {groupings.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
        {isByField(by) && <option value={by}>{by}</option>}
        <option value={OTHER}>an attribute …</option>
      </select>
    </label>
  );
}
