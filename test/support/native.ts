/** What ClickHouse makes of a block that leaves columns out: each has its type's default in every row. */
import type { WrittenBlock } from "../../src/store/native/block-writer.ts";
import { builtInTable, type SpansTable } from "../../src/store/schema.ts";

const WIDTHS: Readonly<Record<string, number>> = { UInt8: 1, Bool: 1, UInt32: 4, DateTime: 4 };

/** The block with every column of the table, as an answer in FORMAT Native would have it. */
export function asStored(block: WrittenBlock, table: SpansTable = builtInTable): Uint8Array {
  const head = readHead(block.bytes);
  const left = table.columns.filter(([name]) => !block.columns.includes(name));
  const added = left.map(([name, type]) =>
    Buffer.concat([text(name), text(type), defaults(type, head.rows)]),
  );
  const count = head.columns + left.length;
  return Buffer.concat([
    varuint(count),
    varuint(head.rows),
    block.bytes.subarray(head.end),
    ...added,
  ]);
}

function readHead(bytes: Uint8Array): { columns: number; rows: number; end: number } {
  let end = 0;
  const next = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[end++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  return { columns: next(), rows: next(), end };
}

function defaults(type: string, rows: number): Buffer {
  const version = type.includes("LowCardinality") ? uint64(1) : Buffer.alloc(0);
  return Buffer.concat([version, data(type, rows)]);
}

function data(type: string, rows: number): Buffer {
  if (/^(Array|Map)\(/.test(type)) return Buffer.alloc(rows * 8);
  if (type.startsWith("LowCardinality(")) {
    return Buffer.concat([uint64(0x600), uint64(1), text(""), uint64(rows), Buffer.alloc(rows)]);
  }
  const nullable = /^Nullable\((.*)\)$/.exec(type)?.[1];
  if (nullable !== undefined) return Buffer.concat([Buffer.alloc(rows, 1), data(nullable, rows)]);
  if (type === "String") return Buffer.alloc(rows);
  const fixed = /^FixedString\((\d+)\)$/.exec(type)?.[1];
  return Buffer.alloc(rows * Number(fixed ?? WIDTHS[type.replace(/\(.*/, "")] ?? 8));
}

function varuint(value: number): Buffer {
  return value < 0x80
    ? Buffer.of(value)
    : Buffer.concat([Buffer.of((value % 128) | 0x80), varuint(Math.floor(value / 128))]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varuint(bytes.length), bytes]);
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
