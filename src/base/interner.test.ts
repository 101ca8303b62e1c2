import assert from "node:assert/strict";
import { test } from "node:test";
import { Interner } from "./interner.ts";

function intern(interner: Interner, text: string | Buffer): number {
  const bytes = Buffer.from(text);
  return interner.intern(bytes, 0, bytes.length);
}

test("equal strings get equal numbers, in the order they are first seen", () => {
  const interner = new Interner();
  const words = Array.from({ length: 1000 }, (_, i) => `word ${i}`);
  for (const [i, word] of words.entries()) assert.equal(intern(interner, word), i);
  for (const [i, word] of words.entries()) assert.equal(intern(interner, word), i);
  assert.equal(interner.size, 1000);
  assert.equal(interner.text(999), "word 999");
});

test("what is not UTF-8 is one string however often it comes, and counted each time", () => {
  const interner = new Interner();
  const broken = Buffer.from([0x61, 0xff]);
  for (let i = 0; i < 1000; i++) assert.equal(intern(interner, broken), 0);
  assert.equal(intern(interner, "a\ufffd"), 0);
  assert.deepEqual([interner.size, interner.repaired], [1, 1000]);
});

test("strings added last can be forgotten, and then be added anew", () => {
  const interner = new Interner();
  intern(interner, "kept");
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 300 * round; i++) {
      assert.equal(intern(interner, `${round} ${i}`), 1 + i);
    }
    interner.truncate(1);
    assert.deepEqual([interner.size, interner.end(0)], [1, 4]);
  }
  assert.equal(intern(interner, "kept"), 0);
  interner.truncate(0);
  assert.equal(intern(interner, "other"), 0);
  assert.equal(interner.text(0), "other");
});
