import { attributeTypes } from "../model/attribute-columns.ts";
import {
  type AttributeScope,
  type PromotedAttribute,
  promotedByTraffic,
} from "../store/promoted.ts";
import type { Promotion } from "../store/promote.ts";
import type { CatalogueEntry } from "./catalogue.ts";

/** When a key gets a column. */
export interface PromotionLimits {
  /** Columns that traffic may bring in all; 0 for none. */
  readonly attributes: number;
  /** Least share of the latest spans that must have the key, of 1; or else */
  readonly share: number;
  /** how often it must have been asked for lately. */
  readonly queries: number;
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
  /** How often a key was asked for lately. */
  readonly queries: (scope: AttributeScope, key: string) => number;
  /** All attributes with a column, those built in included. */
  readonly promoted: readonly PromotedAttribute[];
  /** How many of them traffic brought. */
  readonly byTraffic: number;
}

/** The attributes that should get a column now, those first that most spans have or most questions ask
 * for. A key has one column in a scope: its values of other types stay in the maps. */
export function choosePromotions(known: Known, limits: PromotionLimits): Promotion[] {
  const { spans, promoted, byTraffic } = known;
  const room = Math.min(limits.attributes - byTraffic, limits.atOnce);
  if (spans < limits.spans || room <= 0) return [];
  const id = (scope: string, key: string): string => `${scope} ${key}`;
  const keys = new Set(promoted.map(({ scope, key }) => id(scope, key)));
  const columns = new Set(promoted.map(({ column }) => column));
  const chosen: Promotion[] = [];
  for (const { entry, queries } of candidates(known, limits)) {
    if (chosen.length === room) break;
    const { scope, key, type, share, sampled, distinctValues } = entry;
    if (keys.has(id(scope, key))) continue;
    const fewValues =
      type === attributeTypes.string &&
      sampled >= limits.sampled &&
      distinctValues <= FEW_VALUES &&
      distinctValues * FEW_REPEATS <= sampled;
    const attribute = promotedByTraffic({ scope, key, type, fewValues });
    if (attribute === undefined || columns.has(attribute.column)) continue;
    keys.add(id(scope, key));
    columns.add(attribute.column);
    const having = `in ${(share * 100).toFixed(1)} % of ${Math.round(spans)} spans`;
    const asked = queries < 1 ? "" : `, asked for ${Math.round(queries)} times lately`;
    chosen.push({ attribute, reason: having + asked });
  }
  return chosen;
}

interface Candidate {
  readonly entry: CatalogueEntry;
  readonly queries: number;
}

/** Those that reach one of the limits, the furthest above first; of one key's types the most frequent. */
function candidates({ entries, queries }: Known, limits: PromotionLimits): Candidate[] {
  const ranked = entries.flatMap((entry) => {
    const asked = queries(entry.scope, entry.key);
    const byShare = entry.sampled < limits.sampled ? 0 : entry.share / limits.share;
    const rank = Math.max(byShare, asked / limits.queries);
    return rank < 1 ? [] : [{ entry, queries: asked, rank }];
  });
  return ranked.sort((a, b) => b.rank - a.rank || b.entry.share - a.entry.share);
}
