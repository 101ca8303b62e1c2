/** Changes to valid requests: to the tree of an encoded message, to bytes, to JSON. */
import { allLists, copyNode, node, type Node, writeVarint } from "./proto-tree.ts";
import type { Random } from "./random.ts";

const varints = [
  0n,
  1n,
  127n,
  128n,
  255n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const brokenTexts = [
  Buffer.from([0xff]),
  Buffer.from([0xc3]),
  Buffer.from([0xed, 0xa0, 0x80]), // a lone surrogate
  Buffer.from([0xf4, 0x90, 0x80, 0x80]), // beyond Unicode
  Buffer.from([0xc0, 0x80]), // NUL, too long
  Buffer.from("\ufeffBOM"),
  Buffer.from("\0"),
];

/** Mixes what tells repeated values apart from new ones into a text. */
function breakText(random: Random, text: Buffer): Buffer {
  const at = random.below(text.length + 1);
  return Buffer.concat([text.subarray(0, at), random.pick(brokenTexts), text.subarray(at)]);
}

type TreeMutation = (random: Random, list: Node[], at: number, other: readonly Node[]) => void;

const onTree: readonly TreeMutation[] = [
  // Structure: missing, repeated, moved, foreign.
  (_random, list, at) => void list.splice(at, 1),
  (random, list, at) => void list.splice(random.below(list.length), 0, copyNode(list[at]!)),
  (random, list, at) => void list.splice(random.below(list.length), 0, ...list.splice(at, 1)),
  (random, list, at, other) => {
    const donors = random.pick(allLists([...other]));
    if (donors.length > 0) list.splice(at, random.below(2), copyNode(random.pick(donors)));
  },
  (random, list, at) => {
    const copies = random.size(random.oneIn(50) ? 3000 : 40);
    for (let i = 0; i < copies; i++) list.push(copyNode(list[at]!));
  },
  (random, list, at) => {
    const { children } = list[at]!;
    if (children !== undefined) list.splice(at, 1, ...children.map(copyNode));
    else list[at] = node(random.below(18), 2, { children: [copyNode(list[at]!)] });
  },
  (_random, list, at) => {
    // In two pieces, which protobuf says is the same.
    const { children, field } = list[at]!;
    if (children === undefined) return;
    const half = children.length >>> 1;
    list[at]!.children = children.slice(0, half);
    list.push(node(field, 2, { children: children.slice(half).map(copyNode) }));
  },
  // Tags.
  (random, list, at) => void (list[at]!.field = random.below(20)),
  (random, list, at) => void (list[at]!.wire = random.below(8)),
  (random, list, at) => {
    const field = random.oneIn(2) ? 19 + random.below(2 ** 29 - 20) : random.below(20);
    list.splice(at, 0, node(field, random.pick([0, 1, 2, 5]), { varint: random.pick(varints) }));
  },
  (random, list, at) => {
    let group = node(random.below(30), 3, { children: [copyNode(list[at]!)] });
    for (let depth = random.size(40); depth > 0; depth--) group = node(7, 3, { children: [group] });
    list.splice(at, 0, group);
  },
  // Varints and lengths.
  (random, list, at) => void (list[at]!.overlong = random.below(9)),
  (random, list, at) => {
    const errors = [1, -1, 2, 127, 2 ** 31, 2 ** 32, 2 ** 40];
    list[at]!.lengthError = random.pick(errors);
  },
  (random, list, at) => void (list[at]!.varint = random.pick(varints)),
  // Contents.
  (random, list, at) => {
    const { children, bytes } = list[at]!;
    if (children === undefined) list[at]!.bytes = breakText(random, bytes);
  },
  (random, list, at) => {
    const { children, wire } = list[at]!;
    if (children === undefined && wire === 2) list[at]!.bytes = random.bytes(random.size(300));
  },
  (random, list, at) => {
    const { children, wire } = list[at]!;
    if (children === undefined && wire === 2) list[at]!.bytes = Buffer.alloc(random.below(20));
  },
  (random, list) => {
    // A value deep within lists, in an attribute of its own and wherever that lands.
    const depth = random.below(48);
    let value = node(1, 2, { bytes: random.bytes(2) });
    for (let i = 0; i < depth; i++) {
      const inner = random.oneIn(2) ? [node(1, 2, { children: [value] })] : pair("k", value);
      value = node(inner.length === 1 ? 5 : 6, 2, {
        children: inner.length === 1 ? inner : [entry(inner)],
      });
    }
    list.push(node(9, 2, { children: pair("deep", value) }));
  },
];

function pair(key: string, value: Node): Node[] {
  return [node(1, 2, { bytes: Buffer.from(key) }), node(2, 2, { children: [value] })];
}

function entry(children: Node[]): Node {
  return node(1, 2, { children });
}

/** Changes a tree in place at a few random places; `other` lends nodes. */
export function mutateTree(random: Random, tree: Node[], other: readonly Node[]): void {
  for (let changes = 1 + random.size(6); changes > 0; changes--) {
    const lists = allLists(tree).filter((list) => list.length > 0);
    if (lists.length === 0) return;
    const list = random.pick(lists);
    random.pick(onTree)(random, list, random.below(list.length), other);
  }
}

type ByteMutation = (random: Random, bytes: Buffer, other: Buffer) => Buffer;

function spliced(bytes: Buffer, at: number, remove: number, insert: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
}

const onBytes: readonly ByteMutation[] = [
  (random, bytes) => bytes.subarray(0, random.below(bytes.length + 1)),
  (random, bytes) => bytes.subarray(random.below(bytes.length + 1)),
  (random, bytes) => {
    const copy = Buffer.from(bytes);
    for (let i = 1 + random.size(8); i > 0 && copy.length > 0; i--) {
      copy[random.below(copy.length)] = random.oneIn(2)
        ? random.word()
        : random.pick([0, 0x7f, 0x80, 0xff]);
    }
    return copy;
  },
  (random, bytes) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[random.below(copy.length)]! ^= 1 << random.below(8);
    return copy;
  },
  (random, bytes) =>
    spliced(bytes, random.below(bytes.length + 1), 0, random.bytes(random.size(32))),
  (random, bytes) =>
    spliced(bytes, random.below(bytes.length + 1), random.size(32), Buffer.alloc(0)),
  (random, bytes) => {
    const from = random.below(bytes.length);
    const chunk = bytes.subarray(from, from + random.size(200));
    return spliced(bytes, random.below(bytes.length + 1), 0, chunk);
  },
  (random, bytes, other) =>
    Buffer.concat([
      bytes.subarray(0, random.below(bytes.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ]),
  (_random, bytes, other) => Buffer.concat([bytes, other]),
  // A length or number enlarged, where there happens to be one.
  (random, bytes) => {
    const varint = writeVarint(random.pick(varints), random.below(3));
    return spliced(bytes, random.below(bytes.length + 1), 1, varint);
  },
  (random, bytes) =>
    spliced(bytes, random.below(bytes.length + 1), 0, Buffer.alloc(random.size(30), 0xff)),
];

/** Changed bytes; `other` lends some. */
export function mutateBytes(random: Random, bytes: Buffer, other: Buffer): Buffer {
  let changed = bytes;
  for (let changes = 1 + random.size(3); changes > 0; changes--) {
    changed = random.pick(onBytes)(random, changed, other);
  }
  return changed;
}

const jsonTexts = [
  "null",
  "true",
  "0",
  "-0",
  "-1",
  "1.5",
  "1e400",
  "18446744073709551615",
  "18446744073709551616",
  "-9223372036854775808",
  "123456789012345678901234567890",
  '""',
  '"NaN"',
  '"-Infinity"',
  '"12"',
  '"0x10"',
  '"\\ud800"',
  '"\\u0000"',
  '"\ufeff"',
  '"==="',
  '"YWJj"',
  '"0102"',
  '"SPAN_KIND_SERVER"',
  "[]",
  "{}",
  "[[]]",
  '{"__proto__":{}}',
  '{"constructor":1}',
  '{"stringValue":"a","intValue":"1"}',
  '{"arrayValue":{"values":[{}]}}',
];

/** Changed JSON: values in it swapped for odd ones or for parts of `other`, nested, cut, garbled. */
export function mutateJson(random: Random, json: string, other: string): string {
  let changed = json;
  for (let changes = 1 + random.size(4); changes > 0; changes--) {
    const values = [
      ...changed.matchAll(/"(?:[^"\\]|\\.)*"(?!:)|-?\d+(?:\.\d+)?|true|null|\[\]|\{\}/g),
    ];
    const value = values.length === 0 ? undefined : random.pick(values);
    if (value === undefined || random.oneIn(6)) {
      changed = garble(random, changed, other);
      continue;
    }
    const from = value.index;
    changed =
      changed.slice(0, from) + oddJson(random, value[0]) + changed.slice(from + value[0].length);
  }
  return changed;
}

function oddJson(random: Random, value: string): string {
  if (random.oneIn(8)) {
    const depth = random.size(random.oneIn(100) ? 20_000 : 200);
    if (random.oneIn(2)) return "[".repeat(depth) + value + "]".repeat(depth);
    const open = '{"arrayValue":{"values":[';
    return open.repeat(depth) + value + "]}}".repeat(depth);
  }
  if (random.oneIn(10)) return "9".repeat(random.size(2000) + 1);
  return random.pick(jsonTexts);
}

function garble(random: Random, json: string, other: string): string {
  const at = random.below(json.length + 1);
  switch (random.below(4)) {
    case 0:
      return json.slice(0, at);
    case 1:
      return json.slice(0, at) + other.slice(random.below(other.length + 1));
    case 2:
      return (
        json.slice(0, at) + random.pick(['"', "{", "]", ",", "\\u", "\0", "é"]) + json.slice(at)
      );
    default: {
      const to = at + random.size(60);
      return json.slice(0, to) + json.slice(at);
    }
  }
}
