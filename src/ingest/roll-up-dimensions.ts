import { Interner } from "../base/interner.ts";
import { PairTable } from "../base/pair-table.ts";
import { type AttributeColumns, attributeTypes } from "../model/attribute-columns.ts";
import { int64Text } from "../model/any-value.ts";
import { dimensionsText } from "../model/roll-up.ts";
import { keyNumber, type NameSource, textNumber } from "./roll-up-names.ts";

/** An attribute that spans are told apart by. */
interface Dimension {
  readonly key: string;
  readonly number: number;
  /** By resource: the value that it has, as `#value` numbers it. */
  readonly ofResource: Uint32Array;
  /** (what the dimensions before say, value of this one) */
  readonly chains: PairTable;
}

const ABSENT = 0;

/**
 * The further dimensions of a batch's spans, as texts. An attribute of the resource counts before one
 * of the span, as it does in Tempo. Values that are no text count as JSON shows them.
 */
export class DimensionTexts {
  readonly #source: NameSource;
  readonly #dimensions: readonly Dimension[];
  /** Values as sent; 0 is none. */
  readonly #values = new Interner();
  readonly #textOf = new Map<number, number>();

  constructor(source: NameSource, keys: readonly string[]) {
    this.#source = source;
    this.#values.intern(new Uint8Array(0), 0, 0);
    const { resources } = source.columns;
    this.#dimensions = keys.flatMap((key) => {
      const number = keyNumber(source.columns, key);
      if (number === undefined) return [];
      const ofResource = Uint32Array.from({ length: resources.length }, (_, resource) =>
        this.#value(resources.attributes, resource, number),
      );
      return [{ key, number, ofResource, chains: new PairTable() }];
    });
  }

  /** The number of the text that says a span's dimensions, among those of the roll-up. */
  ofSpan(span: number): number {
    if (this.#dimensions.length === 0) return 0;
    const { columns } = this.#source;
    const tenant = columns.tenant[span]!;
    let chain = tenant;
    for (const { number, ofResource, chains } of this.#dimensions) {
      let value = ofResource[columns.resource[span]!]!;
      if (value === ABSENT) value = this.#value(columns.attributes, span, number);
      chain = chains.number(chain, value);
    }
    const known = this.#textOf.get(chain);
    if (known !== undefined) return known;
    const text = this.#text(chain, columns.strings.text(tenant));
    this.#textOf.set(chain, text);
    return text;
  }

  #text(chain: number, tenant: string): number {
    const { texts, guardOf } = this.#source;
    const guard = guardOf(tenant);
    const named: [string, string][] = [];
    let link = chain;
    for (const { key, chains } of this.#dimensions.toReversed()) {
      const value = chains.second[link]!;
      if (value !== ABSENT) named.unshift([key, guard.value(key, this.#values.text(value))]);
      link = chains.first[link]!;
    }
    return textNumber(texts, dimensionsText(named));
  }

  /** The number of an owner's value under a key; ABSENT without one, or if it is empty or a list. */
  #value(attributes: AttributeColumns, owner: number, key: number): number {
    for (let at = attributes.start(owner); at < attributes.end(owner); at++) {
      if (attributes.key[at] !== key) continue;
      const [low, high] = [attributes.words[2 * at]!, attributes.words[2 * at + 1]!];
      switch (attributes.type[at]) {
        case attributeTypes.string:
          return this.#values.intern(attributes.memory.values.bytes, low, high);
        case attributeTypes.bool:
          return textNumber(this.#values, String(low !== 0));
        case attributeTypes.int:
          return textNumber(this.#values, int64Text(high, low));
        case attributeTypes.double:
          return textNumber(this.#values, String(doubleOf(low, high)));
        default:
          return ABSENT;
      }
    }
    return ABSENT;
  }
}

function doubleOf(low: number, high: number): number {
  return new Float64Array(Uint32Array.of(low, high).buffer)[0]!;
}
