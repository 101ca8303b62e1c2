interface FindFieldProps {
  /** What is looked for: "Service". */
  readonly label: string;
  readonly value: string;
  readonly onFind: (text: string) => void;
}

/** A field for a part of a name; the key "/" leads there, Escape empties and leaves it. */
export function FindField({ label, value, onFind }: FindFieldProps) {
  return (
    <label class="labelled">
      <span>{label}</span>
      <input
        class="field find"
        type="search"
        value={value}
        placeholder="any"
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => onFind(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          onFind("");
          event.currentTarget.blur();
        }}
      />
    </label>
  );
}
