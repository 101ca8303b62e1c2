/**
 * Encoded protobuf as a tree that can be changed and written again, mistakes included: what makes
 * mutations reach behind the first length field.
 */
import type { Field, Message } from "../../src/wire/proto-json.ts";

/** A field as it stands on the wire. */
export interface Node {
  field: number;
  /** 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes; 3 and 4 begin and end a group. */
  wire: number;
  /** Of a varint. */
  varint: bigint;
  /** Of everything else that is no message. */
  bytes: Buffer;
  /** Of a message (and then `bytes` is not looked at). */
  children: Node[] | undefined;
  /** Bytes by which its tag, varint or length is longer than need be. */
  overlong: number;
  /** Added to the true length. */
  lengthError: number;
}

/** A node with nothing wrong about it. */
export function node(field: number, wire: number, more: Partial<Node> = {}): Node {
  const bytes = Buffer.alloc(wire === 1 ? 8 : wire === 5 ? 4 : 0);
  const sound = { varint: 0n, bytes, children: undefined, overlong: 0, lengthError: 0 };
  return { field, wire, ...sound, ...more };
}

/** Takes valid bytes apart, as deep as `message` knows them. */
export function parseTree(bytes: Buffer, message: Message): Node[] {
  const fields = new Map<number, Field>(
    Object.values(message).map((field) => [field.number, field]),
  );
  const nodes: Node[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const [field, wire] = [tag >>> 3, tag & 7];
    if (wire === 0) {
      nodes.push(node(field, wire, { varint: varint() }));
      continue;
    }
    const length = wire === 1 ? 8 : wire === 5 ? 4 : Number(varint());
    const content = bytes.subarray(at, (at += length));
    const inner = fields.get(field)?.message;
    const children = inner === undefined ? undefined : parseTree(content, inner());
    nodes.push(node(field, wire, { bytes: content, children }));
  }
  return nodes;
}

/** The bytes of a tree, whatever it holds. */
export function writeTree(nodes: readonly Node[]): Buffer {
  return Buffer.concat(nodes.flatMap(writeNode));
}

function writeNode({ field, wire, ...node }: Node): Buffer[] {
  const overlong = node.overlong;
  const tag = writeVarint(BigInt(field) * 8n + BigInt(wire), overlong & 1);
  if (wire === 0) return [tag, writeVarint(node.varint, overlong)];
  const content = node.children === undefined ? node.bytes : writeTree(node.children);
  if (wire === 2) {
    const length = BigInt.asUintN(64, BigInt(content.length + node.lengthError));
    return [tag, writeVarint(length, overlong), content];
  }
  if (wire === 3) return [tag, content, writeVarint(BigInt(field) * 8n + 4n, 0)];
  return [tag, content];
}

/** A varint, with so many bytes more than it needs. */
export function writeVarint(value: bigint, overlong = 0): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  for (let i = 0; i < overlong; i++) {
    bytes[bytes.length - 1]! |= 0x80;
    bytes.push(0);
  }
  return Buffer.from(bytes);
}

/** Every list of siblings in a tree, the tree's own first. */
export function allLists(nodes: Node[]): Node[][] {
  const lists: Node[][] = [nodes];
  for (const { children } of nodes) if (children !== undefined) lists.push(...allLists(children));
  return lists;
}

/** A copy of a node, its children included. */
export function copyNode(original: Node): Node {
  return { ...original, children: original.children?.map(copyNode) };
}
