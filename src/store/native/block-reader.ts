/** ClickHouse's Native format, reading side: columns as views of the answer's bytes. See
 * `block-writer.ts` for the format. */
import assert from "node:assert/strict";
import type { Texts } from "./block-writer.ts";

/** A column's data, by its type. Item `i` of an array column is `items[ends[i - 1] .. ends[i])`. */
export type Column =
  | { readonly kind: "fixed"; readonly width: number; readonly bytes: Uint8Array }
  | { readonly kind: "string"; readonly texts: Texts }
  | {
      readonly kind: "dictionary";
      readonly indexes: Uint32Array;
      readonly keys: Column;
      /** How many keys there are. */
      readonly count: number;
    }
  | { readonly kind: "nullable"; readonly nulls: Uint8Array; readonly values: Column }
  | { readonly kind: "array"; readonly ends: Uint32Array; readonly items: Column }
  | {
      readonly kind: "map";
      readonly ends: Uint32Array;
      readonly keys: Column;
      readonly values: Column;
    };

/** One block of an answer. */
export interface Block {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Column>;
}

type Type =
  | { readonly kind: "fixed"; readonly width: number }
  | { readonly kind: "string" }
  | { readonly kind: "dictionary" | "nullable" | "array"; readonly of: Type }
  | { readonly kind: "map"; readonly key: Type; readonly value: Type };

const fixedWidths: Readonly<Record<string, number>> = {
  Bool: 1,
  UInt8: 1,
  Int8: 1,
  UInt16: 2,
  UInt32: 4,
  DateTime: 4,
  UInt64: 8,
  Int64: 8,
  Float64: 8,
};

/** Parses the types of our own tables; anything else is a bug of the statement that asked for it. */
function parseType(text: string): Type {
  const call = /^(\w+)\((.*)\)$/s.exec(text);
  const name = call?.[1] ?? text;
  const inner = call?.[2] ?? "";
  if (name === "LowCardinality") return { kind: "dictionary", of: parseType(inner) };
  if (name === "Nullable") return { kind: "nullable", of: parseType(inner) };
  if (name === "Array") return { kind: "array", of: parseType(inner) };
  if (name === "FixedString") return { kind: "fixed", width: Number(inner) };
  if (name === "String") return { kind: "string" };
  if (name === "Map") {
    const comma = topLevelComma(inner);
    const value = parseType(inner.slice(comma + 1).trim());
    return { kind: "map", key: parseType(inner.slice(0, comma)), value };
  }
  const width = fixedWidths[name];
  assert.ok(width !== undefined, `Native reader does not know type ${text}`);
  return { kind: "fixed", width };
}

function topLevelComma(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")") depth--;
    else if (text[i] === "," && depth === 0) return i;
  }
  throw new Error(`no two types in ${text}`);
}

/** All blocks of an answer in FORMAT Native. */
export function readBlocks(bytes: Uint8Array): Block[] {
  const reader = new BlockReader(bytes);
  const blocks: Block[] = [];
  while (!reader.atEnd()) blocks.push(reader.block());
  return blocks;
}

/** The blocks of an answer in FORMAT Native that comes in pieces, each as soon as it is there. A block
 * is a view of memory of its own. */
export async function* readBlockStream(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Block> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  let wanted = 1;
  for await (const piece of pieces) {
    waiting.push(piece);
    size += piece.length;
    if (size < wanted) continue;
    const reader = new BlockReader(waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting));
    for (let block = reader.next(); block !== undefined; block = reader.next()) yield block;
    const rest = reader.rest();
    waiting = [rest];
    size = rest.length;
    // What is begun again each time must not be begun often.
    wanted = Math.ceil(size * 1.25) + 1;
  }
  const reader = new BlockReader(Buffer.concat(waiting));
  while (!reader.atEnd()) yield reader.block();
}

/** The bytes end within a block. */
class CutShort extends Error {}

class BlockReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next block, or undefined if the bytes end before it does. */
  next(): Block | undefined {
    const from = this.#at;
    try {
      return this.atEnd() ? undefined : this.block();
    } catch (error) {
      if (!(error instanceof CutShort)) throw error;
      this.#at = from;
      return undefined;
    }
  }

  /** What has not been read. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }

  block(): Block {
    const count = this.#varuint();
    const rows = this.#varuint();
    const columns = new Map<string, Column>();
    for (let i = 0; i < count; i++) {
      const name = this.#text();
      const type = parseType(this.#text());
      if (rows > 0) this.#prefix(type);
      columns.set(name, this.#column(type, rows));
    }
    return { rows, columns };
  }

  #take(count: number): Uint8Array {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new CutShort(`Native block cut short at byte ${this.#at}`);
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  #varuint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#take(1)[0]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  #uint64(): number {
    const at = this.#at;
    this.#take(8);
    return Number(this.#view.getBigUint64(at, true));
  }

  #text(): string {
    return Buffer.from(this.#take(this.#varuint())).toString();
  }

  /** The versions of LowCardinalities in a type come before all of the column's data. */
  #prefix(type: Type): void {
    if (type.kind === "dictionary") assert.equal(this.#uint64(), 1, "LowCardinality version");
    else if (type.kind === "array" || type.kind === "nullable") this.#prefix(type.of);
    else if (type.kind === "map") {
      this.#prefix(type.key);
      this.#prefix(type.value);
    }
  }

  #column(type: Type, rows: number): Column {
    switch (type.kind) {
      case "fixed":
        return { kind: "fixed", width: type.width, bytes: this.#take(type.width * rows) };
      case "string":
        return { kind: "string", texts: this.#strings(rows) };
      case "dictionary":
        return this.#dictionary(type.of, rows);
      case "nullable": {
        const nulls = this.#take(rows);
        return { kind: "nullable", nulls, values: this.#column(type.of, rows) };
      }
      case "array": {
        const ends = this.#offsets(rows);
        return { kind: "array", ends, items: this.#column(type.of, ends.at(-1) ?? 0) };
      }
      case "map": {
        const ends = this.#offsets(rows);
        const count = ends.at(-1) ?? 0;
        const keys = this.#column(type.key, count);
        return { kind: "map", ends, keys, values: this.#column(type.value, count) };
      }
    }
  }

  #offsets(rows: number): Uint32Array {
    // Half of the numbers are the upper halves of offsets, which are zero.
    const words = new Uint32Array(new Uint8Array(this.#take(rows * 8)).buffer);
    const ends = new Uint32Array(rows);
    for (let i = 0; i < rows; i++) ends[i] = words[2 * i]!;
    return ends;
  }

  #strings(rows: number): Texts {
    const starts = new Uint32Array(rows);
    const ends = new Uint32Array(rows);
    for (let i = 0; i < rows; i++) {
      const length = this.#varuint();
      starts[i] = this.#at;
      ends[i] = this.#at += length;
    }
    if (this.#at > this.#bytes.length) throw new CutShort("Native block cut short within strings");
    return { bytes: this.#bytes, start: (i) => starts[i]!, end: (i) => ends[i]! };
  }

  #dictionary(of: Type, rows: number): Column {
    const type = of.kind === "nullable" ? of.of : of;
    if (rows === 0) {
      return { kind: "dictionary", indexes: new Uint32Array(0), keys: empty, count: 0 };
    }
    const flags = this.#uint64();
    const keyCount = this.#uint64();
    const keys = this.#column(type, keyCount);
    const count = this.#uint64();
    assert.equal(count, rows, "LowCardinality in more than one piece");
    const width = 1 << (flags & 0xff);
    const bytes = this.#take(count * width);
    // A copy lies where numbers of any width may.
    const { buffer } = new Uint8Array(bytes);
    const numbers =
      width === 1 ? bytes : width === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer);
    const indexes = new Uint32Array(numbers);
    return { kind: "dictionary", indexes, keys, count: keyCount };
  }
}

const noTexts: Texts = { bytes: new Uint8Array(0), start: () => 0, end: () => 0 };
const empty: Column = { kind: "string", texts: noTexts };
