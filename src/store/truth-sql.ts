/**
 * What SQL can say of a condition: two expressions, of which one is true for every span for which the
 * condition holds (`may`), the other for none but these (`must`). Where SQL can tell exactly, both are the
 * same; where it can tell nothing, they are true and false. Neither is ever NULL.
 */
import { joinSql, type Sql, sql } from "./sql.ts";

/** An expression, or one that is known already. */
export type Condition = Sql | boolean;

/** See the top of this file. */
export interface Truth {
  readonly may: Condition;
  readonly must: Condition;
  /** It says "there is an event (or link) for which": two of these need not be about the same one. */
  readonly isAboutItems: boolean;
}

/** Nothing is known. */
export const unknown: Truth = { may: true, must: false, isAboutItems: false };

/** The condition as SQL tells it exactly. */
export function exactly(condition: Condition): Truth {
  return { may: condition, must: condition, isAboutItems: false };
}

/** Whether SQL tells exactly for which spans the condition holds. */
export function isExact({ may, must }: Truth): boolean {
  return may === must;
}

/** The truth of `!condition`. */
export function not(truth: Truth): Truth {
  const may = negate(truth.must);
  return { may, must: isExact(truth) ? may : negate(truth.may), isAboutItems: false };
}

/** The truth of conditions joined by `&&`. */
export function all(parts: readonly Truth[]): Truth {
  const may = conjunction(parts.map((part) => part.may));
  const isAboutItems = parts.some((part) => part.isAboutItems);
  if (parts.filter((part) => part.isAboutItems).length > 1) {
    return { may, must: false, isAboutItems };
  }
  const must = parts.every(isExact) ? may : conjunction(parts.map((part) => part.must));
  return { may, must, isAboutItems };
}

/** The truth of conditions joined by `||`. */
export function some(parts: readonly Truth[]): Truth {
  const may = disjunction(parts.map((part) => part.may));
  const must = parts.every(isExact) ? may : disjunction(parts.map((part) => part.must));
  return { may, must, isAboutItems: parts.some((part) => part.isAboutItems) };
}

/** The condition as an expression. */
export function conditionSql(condition: Condition): Sql {
  if (condition === true) return sql`1`;
  return condition === false ? sql`0` : condition;
}

/** True where the condition is false. */
export function negate(condition: Condition): Condition {
  return typeof condition === "boolean" ? !condition : sql`NOT ${condition}`;
}

/** True where all parts are; of no parts, true. */
export function conjunction(parts: readonly Condition[]): Condition {
  return joined(parts, false, sql` AND `);
}

/** True where some part is; of no parts, false. */
export function disjunction(parts: readonly Condition[]): Condition {
  return joined(parts, true, sql` OR `);
}

/** `decisive` is what makes all of it so, whatever the rest. */
function joined(parts: readonly Condition[], decisive: boolean, operator: Sql): Condition {
  if (parts.includes(decisive)) return decisive;
  const open = parts.filter((part): part is Sql => typeof part !== "boolean");
  if (open.length === 0) return !decisive;
  return open.length === 1 ? open[0]! : sql`(${joinSql(open, operator)})`;
}
