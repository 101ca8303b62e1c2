/** Use cases over attributes: which there are, and which values they have. */
import { Fault } from "../base/fault.ts";
import { type KeyScope, keyScopes } from "../model/attribute-key.ts";
import type { CandidateReading, Stretch } from "../store/candidates.ts";
import { filterTruth } from "../store/filter-sql.ts";
import { readKeyTypes } from "../store/key-types.ts";
import { asked } from "../store/query-faults.ts";
import { addFilteredKeys } from "../store/read-filtered-keys.ts";
import { readKeys } from "../store/read-keys.ts";
import { readValues } from "../store/read-values.ts";
import type { SpansTable } from "../store/schema.ts";
import type { Condition } from "../store/truth-sql.ts";
import { compareForSort } from "../traceql/evaluate/values.ts";
import type { Field, FieldExpr, Value } from "../traceql/ast.ts";
import type { LenientFilter } from "../traceql/lenient.ts";
import type { QueryOptions } from "./query-options.ts";
import { readingOf } from "./reading.ts";
import { type Asking, type Receipt, ReceiptBook } from "./receipt.ts";
import { slicesOf } from "./time-slices.ts";

/** Whose attribute it is. */
export type TagScope = KeyScope;

/** Of which spans names or values are asked for, and how many. */
interface Among {
  /** Only of spans that it may mean. */
  readonly filter?: LenientFilter | undefined;
  /** Unix nanoseconds, [from, to), in whole five minutes. */
  readonly fromNano?: bigint | undefined;
  readonly toNano?: bigint | undefined;
  readonly limit: number;
}

/** Which names are asked for: `limit` of each scope. Without a time, of all that is stored; with a filter,
 * of the last day. */
export interface TagNamesRequest extends Among {
  readonly scopes: readonly TagScope[];
}

/** The names of each scope that has any, sorted. */
export interface TagNamesAnswer {
  readonly scopes: readonly { readonly name: TagScope; readonly tags: readonly string[] }[];
  readonly receipt: Receipt;
}

/** Which values are asked for. Without a time, of the last day. */
export interface TagValuesRequest extends Among {
  readonly field: Field;
}

/** The values, sorted; if there are more than asked for, some of the newest spans'. None of status, kind,
 * ids and times, which are not asked for to be chosen from. */
export interface TagValuesAnswer {
  readonly values: readonly Value[];
  readonly receipt: Receipt;
}

/** What the doors may ask. All throw Fault "timeout" or "unavailable" when the store cannot answer,
 * "invalid" for filters that are refused; the signal's reason when aborted. */
export interface TagQueries {
  tagNames(request: TagNamesRequest, asking?: Asking): Promise<TagNamesAnswer>;
  tagValues(request: TagValuesRequest, asking?: Asking): Promise<TagValuesAnswer>;
}

/** The use cases over one store. */
export function createTags(options: QueryOptions): TagQueries {
  return {
    tagNames: (request, asking = {}) =>
      asked(() => new Question(options, request, asking).names(request.scopes)),
    tagValues: (request, asking = {}) =>
      asked(() => new Question(options, request, asking).values(request.field)),
  };
}

const NANO_PER_SECOND = 1_000_000_000n;
const DAY_NANO = 86_400n * NANO_PER_SECOND;
const LAST_NANO = 2n ** 32n * NANO_PER_SECOND;
/** Together, in UTF-16 code units. */
const MOST_VALUE_CHARS = 4_000_000;

class Question {
  readonly #among: Among;
  readonly #table: SpansTable;
  readonly #nowNano: bigint;
  readonly #book = new ReceiptBook();
  readonly #reading: () => CandidateReading;

  constructor(options: QueryOptions, among: Among, asking: Asking) {
    this.#among = among;
    this.#table = options.table();
    this.#nowNano = BigInt(Math.ceil(options.nowSeconds())) * NANO_PER_SECOND;
    this.#reading = readingOf(options, asking, this.#book);
  }

  async names(scopes: readonly TagScope[]): Promise<TagNamesAnswer> {
    const { limit } = this.#among;
    const where = whereOf(this.#among.filter, this.#table);
    if (where === true) {
      const { fromNano = 0n, toNano = LAST_NANO } = this.#among;
      const keys = await readKeys(this.#reading(), {
        scopes,
        stretch: { fromNano, toNano },
        limit,
      });
      this.#book.slicesDone = 1;
      return this.#named(keys, this.#receipt());
    }
    const keys = new Map(keyScopes.map((scope) => [scope, new Set<string>()] as const));
    const because = await this.#bySlices(where, async (stretch) => {
      const query = { table: this.#table, scopes, where, stretch, limit };
      await addFilteredKeys(this.#reading(), query, keys);
      return false;
    });
    const sorted = new Map(
      [...keys].map(([scope, names]) => [scope, [...names].sort().slice(0, limit)] as const),
    );
    return this.#named(sorted, this.#receipt(because));
  }

  #named(keys: ReadonlyMap<TagScope, readonly string[]>, receipt: Receipt): TagNamesAnswer {
    const scopes = keyScopes.flatMap((name) => {
      const tags = keys.get(name) ?? [];
      return tags.length === 0 ? [] : [{ name, tags }];
    });
    return { scopes, receipt };
  }

  async values(field: Field): Promise<TagValuesAnswer> {
    const { limit } = this.#among;
    const where = whereOf(this.#among.filter, this.#table);
    const found = new Map<string, Value>();
    let chars = 0;
    const types = await readKeyTypes(this.#reading(), [field.name], this.#stretch());
    const because = await this.#bySlices(where, async (stretch) => {
      const query = { field, table: this.#table, where, stretch, types, limit };
      for (const value of await readValues(this.#reading(), query)) {
        const id = `${value.type} ${value.value}`;
        if (found.has(id) || chars > MOST_VALUE_CHARS) continue;
        chars += id.length;
        found.set(id, value);
      }
      return found.size >= limit || chars > MOST_VALUE_CHARS;
    });
    const values = [...found.values()].sort(compareForSort).slice(0, limit);
    return { values, receipt: this.#receipt(because) };
  }

  #stretch(): Stretch {
    // Clocks of senders may be ahead a little.
    const toNano = this.#among.toNano ?? this.#nowNano + 60n * NANO_PER_SECOND;
    const { fromNano = toNano - DAY_NANO } = this.#among;
    return { fromNano: fromNano < 0n ? 0n : fromNano, toNano };
  }

  /** Looks at the time slice by slice, the newest first, until all is found; says why not everything was
   * looked at, if so. */
  async #bySlices(
    where: Condition,
    look: (stretch: Stretch) => Promise<boolean>,
  ): Promise<string | undefined> {
    if (where === false) return undefined;
    const slices = [...slicesOf(this.#stretch())];
    this.#book.slicesTotal = slices.length;
    for (const slice of slices) {
      try {
        if (await look(slice)) return undefined;
      } catch (error) {
        // What was found so far is better than nothing.
        const isPartial = error instanceof Fault && this.#book.slicesDone > 0;
        if (!isPartial || error.code !== "timeout") throw error;
        return "there was no time to look at all spans";
      }
      this.#book.slicesDone++;
    }
    return undefined;
  }

  #receipt(because?: string): Receipt {
    const { toNano = this.#nowNano } = this.#among;
    // What has not happened yet is in no answer.
    const receipt = this.#book.receipt(toNano < this.#nowNano ? toNano : this.#nowNano);
    return because === undefined
      ? receipt
      : { ...receipt, complete: false, incompleteBecause: because };
  }
}

/** The spans that a half-typed query may mean. */
function whereOf(filter: LenientFilter | undefined, table: SpansTable): Condition {
  if (filter === undefined || filter.kind === "all") return true;
  if (filter.kind === "refused") throw new Fault("invalid", filter.message);
  const place = { from: 0, to: 0 };
  const alternatives = filter.alternatives.map((operands): FieldExpr => ({
    kind: "logic",
    op: "&&",
    operands,
    ...place,
  }));
  return filterTruth({ kind: "logic", op: "||", operands: alternatives, ...place }, table).may;
}
