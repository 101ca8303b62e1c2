import { Fault } from "../../../base/fault.ts";
import { type GroupKey, groupKey, type RuntimeValue } from "../values.ts";

/** What a group of spans has. */
export interface Group<State> {
  /** The values that it is grouped by; arrays are nil. */
  readonly values: readonly (RuntimeValue | undefined)[];
  readonly state: State;
}

interface Level<State> {
  readonly next: Map<GroupKey, Level<State>>;
  group?: Group<State>;
}

/** Groups by the values of some fields: a tree of maps, one level a field. */
export class Groups<State> {
  readonly #root: Level<State> = { next: new Map() };
  readonly #all: Group<State>[] = [];
  readonly #makeState: () => State;
  readonly #limit: number;

  /** At most `limit` groups. */
  constructor(makeState: () => State, limit: number) {
    this.#makeState = makeState;
    this.#limit = limit;
  }

  /** In the order of their first appearance. */
  get all(): readonly Group<State>[] {
    return this.#all;
  }

  /** The group of the values, new if there was none. Throws Fault "tooLarge" at the limit. */
  find(values: readonly (RuntimeValue | undefined)[]): Group<State> {
    let level = this.#root;
    for (const value of values) {
      const key = value?.type === "array" ? undefined : groupKey(value);
      let next = level.next.get(key);
      if (next === undefined) {
        next = { next: new Map() };
        level.next.set(key, next);
      }
      level = next;
    }
    return (level.group ??= this.#add(values));
  }

  #add(values: readonly (RuntimeValue | undefined)[]): Group<State> {
    if (this.#all.length >= this.#limit) {
      throw new Fault("tooLarge", `the query has more than ${this.#limit} series`);
    }
    const scalars = values.map((value) => (value?.type === "array" ? undefined : value));
    const group = { values: scalars, state: this.#makeState() };
    this.#all.push(group);
    return group;
  }
}
