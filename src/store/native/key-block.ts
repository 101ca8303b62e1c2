/** Attribute keys as a Native block of the table `attribute_keys`. */
import { ByteArena } from "../../base/arena.ts";
import { Interner } from "../../base/interner.ts";
import { attributeTypes } from "../../model/attribute-columns.ts";
import type { AttributeKey } from "../../model/attribute-key.ts";
import { BlockWriter, type WrittenBlock } from "./block-writer.ts";

const BYTES_PER_ROW = 64; // first guess at a block's size; it grows if need be

/** The names of types in the table, by number. */
const typeNames: readonly string[] = Object.entries(attributeTypes)
  .sort(([, a], [, b]) => a - b)
  .map(([name]) => name);

/** All keys, of which there is at least one, as one block for `INSERT … FORMAT Native`. */
export function keyBlock(keys: readonly AttributeKey[]): WrittenBlock {
  const block = new BlockWriter(keys.length, new ByteArena(keys.length * BYTES_PER_ROW));
  writeDictionary(
    block,
    "tenant",
    keys.map(({ tenant }) => tenant),
  );
  block.column("time_bucket", "DateTime('UTC')");
  block.array(Uint32Array.from(keys, ({ timeBucket }) => timeBucket));
  writeDictionary(
    block,
    "scope",
    keys.map(({ scope }) => scope),
  );
  block.column("key", "String");
  for (const { key } of keys) block.text(key);
  writeDictionary(
    block,
    "type",
    keys.map(({ type }) => typeNames[type]!),
  );
  return block.finish();
}

function writeDictionary(block: BlockWriter, name: string, texts: readonly string[]): void {
  block.column(name, "LowCardinality(String)");
  block.lowCardinalityVersion();
  const dictionary = new Interner();
  const indexes = Uint32Array.from(texts, (text) => {
    const bytes = Buffer.from(text);
    return dictionary.intern(bytes, 0, bytes.length);
  });
  block.lowCardinality(indexes, dictionary, dictionary.size);
}
