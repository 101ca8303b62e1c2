import type { KeyValue } from "../../model/trace.ts";
import { attributeField, exploreHref, valueText, type AttributeOwner } from "./attribute-query.ts";
import { isCarried } from "./carried.ts";
import type { TraceQuery } from "./trace-query.ts";
import { formatSome } from "../format.ts";
import { CopyButton } from "../shell/copy-button.tsx";
import { Menu } from "../shell/menu.tsx";
import { showAttribute, showValue } from "./attributes.ts";

interface PlainAttributesProps {
  readonly attributes: readonly KeyValue[];
  readonly droppedCount: number;
  /** What can be done with them, if anything. */
  readonly actions?: ActionsOf;
}

/** Shows something else of the trace. */
export type OnShow = (change: Partial<TraceQuery>, step?: boolean) => void;

interface ActionsOf {
  readonly owner: AttributeOwner;
  readonly onShow: OnShow;
}

/** A group of attributes that can be folded. */
export function Attributes({
  title,
  attributes,
  droppedCount,
  ...actions
}: PlainAttributesProps & ActionsOf & { readonly title: string }) {
  return (
    <details open>
      <summary>
        <h3>
          {title} <span class="soft">{attributes.length}</span>
        </h3>
      </summary>
      <PlainAttributes attributes={attributes} droppedCount={droppedCount} actions={actions} />
    </details>
  );
}

/** Attributes one below the other, with what the sender dropped. */
export function PlainAttributes({ attributes, droppedCount, actions }: PlainAttributesProps) {
  return (
    <>
      {attributes.map((attribute) => (
        <Attribute key={attribute.key} attribute={attribute} actions={actions} />
      ))}
      {droppedCount > 0 && (
        <p class="odd">{formatSome(droppedCount, "attribute")} dropped by the sender</p>
      )}
    </>
  );
}

interface AttributeProps {
  readonly attribute: KeyValue;
  readonly actions: ActionsOf | undefined;
}

function Attribute({ attribute, actions }: AttributeProps) {
  const { key, value } = attribute;
  const { type, text, block } = showAttribute(attribute);
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
      <CopyButton text={showValue(value).text} what={key} />
      {actions !== undefined && <Actions attribute={attribute} {...actions} />}
    </div>
  );
}

/** What can be asked about an attribute: here, and of all traces. */
function Actions({
  attribute: { key, value },
  owner,
  onShow,
}: { attribute: KeyValue } & ActionsOf) {
  const field = attributeField(owner, key);
  const text = valueText(value);
  return (
    <Menu
      class="actions choices"
      summaryClass="icon-button"
      name={`What to do with ${key}`}
      label="⋯"
      closes
    >
      {text !== undefined && (
        <>
          <button type="button" onClick={() => onShow({ filter: `${field} = ${text}` })}>
            Pick out in this trace
          </button>
          {!isCarried && (
            <>
              <a href={exploreHref(`{ ${field} = ${text} }`)}>Traces with this value</a>
              <a href={exploreHref(`{ ${field} != ${text} }`)}>Traces with another value</a>
            </>
          )}
        </>
      )}
      {!isCarried && (
        <a href={exploreHref(`{ ${field} != nil } | by(${field})`)}>Group traces by it</a>
      )}
      {owner !== "event" && owner !== "link" && (
        <button type="button" onClick={() => onShow({ colour: `${owner}.${key}` })}>
          Colour this trace by it
        </button>
      )}
    </Menu>
  );
}

/** A key whose line may end after a dot or an underscore. */
function BreakableKey({ text }: { text: string }) {
  return text.split(/(?<=[._])/).flatMap((part, i) => (i === 0 ? [part] : [<wbr key={i} />, part]));
}
