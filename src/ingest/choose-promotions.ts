import { attributeTypes } from "../model/attribute-columns.ts";
import { type PromotedAttribute, promotedByTraffic } from "../store/promoted.ts";
import type { Promotion } from "../store/promote.ts";
import type { CatalogueEntry } from "./catalogue.ts";

/** When a key gets a column. */
export interface PromotionLimits {
  /** Columns that traffic may bring in all; 0 for none. */
  readonly attributes: number;
  /** Least share of the latest spans that must have the key, of 1. */
  readonly share: number;
  /** Spans that must have been counted first. */
  readonly spans: number;
  /** Values that must have been looked at first. */
  readonly sampled: number;
  /** Most columns added at once. */
  readonly atOnce: number;
}

/** Most different values of a column with a dictionary. */
const FEW_VALUES = 1000;
/** And how often each must come, on average: of 100 values that all differ, a dictionary is no use. */
const FEW_REPEATS = 4;

/** What is known when the choice is made. */
export interface Known {
  readonly spans: number;
  readonly entries: readonly CatalogueEntry[];
  /** All attributes with a column, those built in included. */
  readonly promoted: readonly PromotedAttribute[];
  /** How many of them traffic brought. */
  readonly byTraffic: number;
}

/** The attributes that should get a column now, those that most spans have first. A key has one
 * column in a scope: its values of other types stay in the maps. */
export function choosePromotions(
  { spans, entries, promoted, byTraffic }: Known,
  limits: PromotionLimits,
): Promotion[] {
  const room = Math.min(limits.attributes - byTraffic, limits.atOnce);
  if (spans < limits.spans || room <= 0) return [];
  const id = (scope: string, key: string): string => `${scope} ${key}`;
  const keys = new Set(promoted.map(({ scope, key }) => id(scope, key)));
  const columns = new Set(promoted.map(({ column }) => column));
  const chosen: Promotion[] = [];
  for (const entry of entries.toSorted((a, b) => b.share - a.share)) {
    if (chosen.length === room || entry.share < limits.share) break;
    const { scope, key, type, share, sampled, distinctValues } = entry;
    if (keys.has(id(scope, key)) || sampled < limits.sampled) continue;
    const fewValues =
      type === attributeTypes.string &&
      distinctValues <= FEW_VALUES &&
      distinctValues * FEW_REPEATS <= sampled;
    const attribute = promotedByTraffic({ scope, key, type, fewValues });
    if (attribute === undefined || columns.has(attribute.column)) continue;
    keys.add(id(scope, key));
    columns.add(attribute.column);
    const reason = `in ${(share * 100).toFixed(1)} % of ${Math.round(spans)} spans`;
    chosen.push({ attribute, reason });
  }
  return chosen;
}
