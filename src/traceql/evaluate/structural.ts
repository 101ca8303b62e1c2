/**
 * The structural operators on sets of rows. Each is a constant number of passes over the sets or the
 * tree, whatever the sets are:
 *
 *     left > right     rows of right whose parent is marked as one of left
 *     left >> right    … whose ancestor is: handed down the tree, parents first
 *     left < right     … that are marked as the parent of one of left
 *     left << right    … that are above one: handed up the tree, children first
 *     left ~ right     … of whose parent's children others are of left: counted by parent
 *
 * Spans that no root leads to are related to nothing. Roots are siblings of each other.
 */
import { unreachable } from "../../base/fault.ts";
import type { Relation, Structural } from "../ast.ts";
import { NO_ROWS, type Rows, unionRows } from "./rows.ts";
import type { Run } from "./run.ts";
import { NONE } from "./tree.ts";

/** What `left relation right` gives, for the operator's form. */
export function relate(
  run: Run,
  { relation, form }: Pick<Structural, "relation" | "form">,
  sides: { readonly left: Rows; readonly right: Rows },
): Rows {
  const { left, right } = sides;
  switch (form) {
    case "plain":
      return related(run, relation, { from: left, among: right });
    case "negated": {
      if (left.length === 0) return right;
      const positive = new Set(related(run, relation, { from: left, among: right }));
      return positive.size === 0 ? right : right.filter((row) => !positive.has(row));
    }
    case "union":
      return unionRows(
        related(run, relation, { from: left, among: right }),
        related(run, inverse[relation], { from: right, among: left }),
      );
    default:
      return unreachable(form);
  }
}

const inverse: Readonly<Record<Relation, Relation>> = {
  child: "parent",
  descendant: "ancestor",
  parent: "child",
  ancestor: "descendant",
  sibling: "sibling",
};

interface Sides {
  readonly from: Rows;
  readonly among: Rows;
}

/** The rows of `among` that are, say, the child of one of `from`. */
function related(run: Run, relation: Relation, sides: Sides): Rows {
  if (sides.from.length === 0 || sides.among.length === 0) return NO_ROWS;
  switch (relation) {
    case "child":
      return childrenOf(run, sides);
    case "descendant":
      return descendantsOf(run, sides);
    case "parent":
      return parentsOf(run, sides);
    case "ancestor":
      return ancestorsOf(run, sides);
    case "sibling":
      return siblingsOf(run, sides);
  }
}

function childrenOf(run: Run, { from, among }: Sides): Rows {
  const { parents, lefts } = run.tree;
  const marks = run.marks();
  for (const row of from) marks[row] = 1;
  const found = among.filter((row) => {
    const parent = parents[row]!;
    return parent !== NONE && lefts[row] !== 0 && marks[parent] === 1;
  });
  for (const row of from) marks[row] = 0;
  return found;
}

function parentsOf(run: Run, { from, among }: Sides): Rows {
  const { parents, lefts } = run.tree;
  const marks = run.marks();
  const mark = (value: number): void => {
    for (const row of from) {
      const parent = parents[row]!;
      if (parent !== NONE && lefts[row] !== 0) marks[parent] = value;
    }
  };
  mark(1);
  const found = among.filter((row) => marks[row] === 1);
  mark(0);
  return found;
}

const SELF = 1;
const BELOW = 2;

function descendantsOf(run: Run, { from, among }: Sides): Rows {
  const { parents, order, connected } = run.tree;
  const marks = run.marks();
  for (const row of from) marks[row] = SELF;
  for (let i = 0; i < connected; i++) {
    const row = order[i]!;
    const parent = parents[row]!;
    if (parent !== NONE && marks[parent] !== 0) marks[row]! |= BELOW;
  }
  const found = among.filter((row) => (marks[row]! & BELOW) !== 0);
  marks.fill(0, 0, run.view.length);
  return found;
}

const ABOVE = 2;

function ancestorsOf(run: Run, { from, among }: Sides): Rows {
  const { parents, order, connected } = run.tree;
  const marks = run.marks();
  for (const row of from) marks[row] = SELF;
  for (let i = connected - 1; i >= 0; i--) {
    const row = order[i]!;
    const parent = parents[row]!;
    if (parent !== NONE && marks[row] !== 0) marks[parent]! |= ABOVE;
  }
  const found = among.filter((row) => (marks[row]! & ABOVE) !== 0);
  marks.fill(0, 0, run.view.length);
  return found;
}

function siblingsOf(run: Run, { from, among }: Sides): Rows {
  const { parents, lefts } = run.tree;
  const [marks, counts] = [run.marks(), run.counts()];
  // Item 0 is the parent of the roots.
  for (const row of from) {
    marks[row] = 1;
    if (lefts[row] !== 0) counts[parents[row]! + 1]!++;
  }
  const found = among.filter(
    (row) => lefts[row] !== 0 && counts[parents[row]! + 1]! - marks[row]! > 0,
  );
  for (const row of from) {
    marks[row] = 0;
    counts[parents[row]! + 1] = 0;
  }
  return found;
}
