/** A roll-up as a Native block of one of the tables of roll-ups. */
import assert from "node:assert/strict";
import { ByteArena } from "../../base/arena.ts";
import { EXEMPLAR_BYTES, type RollUp } from "../../model/roll-up.ts";
import { exemplarColumn, redColumns, type RedTable } from "../red-tables.ts";
import { denseDictionary, pick } from "./attribute-writer.ts";
import { BlockWriter, type WrittenBlock } from "./block-writer.ts";

const BYTES_PER_ROW = 128; // first guesses at a block's size; it grows if need be
const BYTES_PER_CELL = 10;
const TWO_32 = 2 ** 32;

/** All rows of a roll-up, of which there is at least one, as one block for `INSERT … FORMAT Native`. */
export function redBlock(rollUp: RollUp, table: RedTable): WrittenBlock {
  const { rows, bucket, exemplarGroup } = rollUp;
  assert.ok(rows > 0, "a block has rows");
  const exemplars = table.hasExemplars ? exemplarGroup.length : 0;
  const guess = rows * BYTES_PER_ROW + bucket.length * BYTES_PER_CELL;
  const memory = new ByteArena(guess + exemplars * (2 + EXEMPLAR_BYTES));
  const block = new BlockWriter(rows, memory);
  writeKeys(block, rollUp, table);
  begin(block, "calls");
  block.array(wide(rollUp.calls));
  begin(block, "duration_nano");
  writeArray(block, rollUp.durationNano);
  begin(block, "bytes");
  block.array(wide(rollUp.bytes));
  begin(block, "histogram");
  block.offsets(rollUp.cellEnds);
  writeArray(block, bucket);
  block.array(wide(rollUp.cellCalls));
  if (rollUp.unseen.some((unseen) => unseen > 0)) writeUnseen(block, rollUp);
  if (table.hasExemplars) {
    block.column(exemplarColumn.name, exemplarColumn.type);
    block.offsets(rollUp.exemplarEnds);
    writeArray(block, exemplarGroup);
    writeArray(block, rollUp.exemplarId);
  }
  return block.finish();
}

function begin(block: BlockWriter, name: keyof typeof redColumns): void {
  block.column(name, redColumns[name]);
}

function writeKeys(block: BlockWriter, rollUp: RollUp, { seconds }: RedTable): void {
  const writeTexts = (name: "tenant" | "service" | "name" | "dimensions"): void => {
    begin(block, name);
    block.lowCardinalityVersion();
    const { indexes, used } = denseDictionary(rollUp[name], rollUp.texts.size);
    block.lowCardinality(indexes, pick(rollUp.texts, used), used.length);
  };
  writeTexts("tenant");
  begin(block, "time");
  block.array(rollUp.minute.map((minute) => minute - (minute % seconds)));
  writeTexts("service");
  writeTexts("name");
  begin(block, "kind");
  block.array(rollUp.kind);
  begin(block, "status_code");
  block.array(rollUp.statusCode);
  // 0 is the empty text, which is the column's default.
  if (rollUp.dimensions.some((text) => text !== 0)) writeTexts("dimensions");
}

/** Of rows and cells of which something is unseen: mostly there are none, and no such columns. */
function writeUnseen(block: BlockWriter, rollUp: RollUp): void {
  const { rows, cellEnds, bucket, cellUnseen } = rollUp;
  begin(block, "unseen");
  writeArray(block, rollUp.unseen);
  begin(block, "unseen_duration_nano");
  writeArray(block, rollUp.unseenDurationNano);
  const ends = new Uint32Array(rows);
  const cells: number[] = [];
  for (let row = 0, cell = 0; row < rows; row++) {
    for (; cell < cellEnds[row]!; cell++) if (cellUnseen[cell]! > 0) cells.push(cell);
    ends[row] = cells.length;
  }
  begin(block, "unseen_histogram");
  block.offsets(ends);
  writeArray(
    block,
    Int16Array.from(cells, (cell) => bucket[cell]!),
  );
  writeArray(
    block,
    Float64Array.from(cells, (cell) => cellUnseen[cell]!),
  );
}

/** Whole numbers below 2^53 as UInt64. */
function wide(numbers: Uint32Array | Float64Array): Uint32Array {
  const words = new Uint32Array(2 * numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]!;
    words[2 * i] = number; // its low 32 bits
    if (number >= TWO_32) words[2 * i + 1] = Math.floor(number / TWO_32);
  }
  return words;
}

/** The items as they stand in memory. */
function writeArray(block: BlockWriter, { buffer, byteOffset, byteLength }: ArrayBufferView): void {
  block.array(new Uint8Array(buffer, byteOffset, byteLength));
}
