import type { KeyValue } from "../../model/trace.ts";
import { formatSome } from "../format.ts";
import { CopyButton } from "../shell/copy-button.tsx";
import { showValue } from "./attributes.ts";

interface PlainAttributesProps {
  readonly attributes: readonly KeyValue[];
  readonly droppedCount: number;
}

/** A group of attributes that can be folded. */
export function Attributes({
  title,
  attributes,
  droppedCount,
}: PlainAttributesProps & { readonly title: string }) {
  return (
    <details open>
      <summary>
        <h3>
          {title} <span class="soft">{attributes.length}</span>
        </h3>
      </summary>
      <PlainAttributes attributes={attributes} droppedCount={droppedCount} />
    </details>
  );
}

/** Attributes one below the other, with what the sender dropped. */
export function PlainAttributes({ attributes, droppedCount }: PlainAttributesProps) {
  return (
    <>
      {attributes.map((attribute) => (
        <Attribute key={attribute.key} attribute={attribute} />
      ))}
      {droppedCount > 0 && (
        <p class="odd">{formatSome(droppedCount, "attribute")} dropped by the sender</p>
      )}
    </>
  );
}

function Attribute({ attribute: { key, value } }: { attribute: KeyValue }) {
  const { type, text, block } = showValue(value);
  return (
    <div class={block ? "attribute block" : "attribute"}>
      <span class="key">
        <span>
          <BreakableKey text={key} />
        </span>
        {type !== "string" && <span class="type">{type}</span>}
      </span>
      {block ? (
        <pre class="value" tabIndex={0} aria-label={key}>
          {text}
        </pre>
      ) : (
        <span class="value">{text === "" ? <span class="soft">empty string</span> : text}</span>
      )}
      <CopyButton text={text} what={key} />
    </div>
  );
}

/** A key whose line may end after a dot or an underscore. */
function BreakableKey({ text }: { text: string }) {
  return text.split(/(?<=[._])/).flatMap((part, i) => (i === 0 ? [part] : [<wbr key={i} />, part]));
}
