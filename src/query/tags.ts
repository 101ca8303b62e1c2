/** Use cases over attributes: which there are. */
import { type KeyScope, keyScopes } from "../model/attribute-key.ts";
import { asked } from "../store/query-faults.ts";
import { readKeys } from "../store/read-keys.ts";
import type { Asking, Receipt } from "./receipt.ts";
import type { QueryOptions } from "./query-options.ts";

/** Whose attribute it is. */
export type TagScope = KeyScope;

/** Which names are asked for. */
export interface TagNamesRequest {
  readonly scopes: readonly TagScope[];
  /** Unix nanoseconds, [from, to); of all that is stored without. */
  readonly fromNano?: bigint;
  readonly toNano?: bigint;
  /** Names of each scope. */
  readonly limit: number;
}

/** The names of each scope that has any, sorted. */
export interface TagNamesAnswer {
  readonly scopes: readonly { readonly name: TagScope; readonly tags: readonly string[] }[];
  readonly receipt: Receipt;
}

/** What the doors may ask. All throw Fault "timeout" or "unavailable" when the store cannot answer. */
export interface TagQueries {
  tagNames(request: TagNamesRequest, asking?: Asking): Promise<TagNamesAnswer>;
}

/** The use cases over one store. */
export function createTags(options: QueryOptions): TagQueries {
  return { tagNames: (request, asking = {}) => asked(() => tagNames(options, request, asking)) };
}

const NANO_PER_SECOND = 1_000_000_000n;
const HIGHEST_SECONDS = 2 ** 32 - 1; // what a DateTime holds

async function tagNames(
  { client, database, tenant, limits, nowSeconds }: QueryOptions,
  { scopes, fromNano = 0n, toNano, limit }: TagNamesRequest,
  { signal }: Asking,
): Promise<TagNamesAnswer> {
  const startedMs = performance.now();
  const settings = { max_execution_time: limits.seconds };
  const { keys, cost } = await readKeys(
    { client, database, settings },
    {
      tenant,
      scopes,
      fromSeconds: Number(fromNano / NANO_PER_SECOND),
      toSeconds:
        toNano === undefined
          ? HIGHEST_SECONDS
          : Math.min(HIGHEST_SECONDS, Number((toNano + NANO_PER_SECOND - 1n) / NANO_PER_SECOND)),
      limit,
    },
    signal,
  );
  const nowNano = BigInt(nowSeconds()) * NANO_PER_SECOND;
  const ofScope = new Map(keys);
  return {
    scopes: keyScopes.flatMap((name) => {
      const tags = ofScope.get(name);
      return tags === undefined ? [] : [{ name, tags }];
    }),
    receipt: {
      rowsRead: cost.rowsRead,
      bytesRead: cost.bytesRead,
      storeMs: cost.ms,
      clewMs: Math.max(0, performance.now() - startedMs - cost.ms),
      slices: { done: 1, total: 1 },
      candidates: 0,
      inspectedSpans: 0,
      complete: true,
      upToNano: toNano === undefined || toNano > nowNano ? nowNano : toNano,
    },
  };
}
