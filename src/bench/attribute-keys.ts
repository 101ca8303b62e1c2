/**
 * Which attribute keys the traffic has. The semantic conventions' come first, by what a span does; the
 * rest are an application's own, like "app.cart.total", some of them rare.
 */

/** What a span stands for; each has its attributes and its times. */
export type SpanRole =
  | "httpServer"
  | "httpClient"
  | "rpcServer"
  | "rpcClient"
  | "database"
  | "producer"
  | "consumer"
  | "internal";

/** How the services of a topology talk to one another and what they store in. */
export type Protocol = "http" | "database" | "rpc" | "messaging";

/** The keys that come with a protocol, each counted with the first that has it. `http` also has those of
 * internal spans, of users and of errors. The lists are checked by a test against encoded traffic. */
const protocolKeys: Readonly<Record<Protocol, number>> = {
  http: 16,
  database: 5,
  rpc: 4,
  messaging: 6,
};

/** In this order protocols join, as long as there are keys for them. */
const protocols: readonly Protocol[] = ["http", "database", "rpc", "messaging"];

/** Fewer keys than these are too few for spans as they are. */
export const MIN_KEYS = 20;
const MIN_APP_KEYS = MIN_KEYS - protocolKeys.http;
/** Share of the application's keys that few spans have. */
const RARE_KEY_SHARE = 0.3;

/** An attribute of the application. */
export interface AppKey {
  readonly key: string;
  /** `digits`: eight hex digits, different in every span. */
  readonly type: "word" | "int" | "double" | "bool" | "digits";
  /** How many different values; only of words. */
  readonly values: number;
}

/** All that varies with the number of keys. */
export interface KeySet {
  readonly protocols: readonly Protocol[];
  /** On every span of the operations that have them. */
  readonly common: readonly AppKey[];
  /** On one span in a hundred. */
  readonly rare: readonly AppKey[];
}

const APP_KEYS_AN_OPERATION = 4;

/** Deals the application's keys out: which an operation has, and the next rare one. */
export class KeyDealer {
  readonly #common: () => AppKey;
  readonly #ofOperation = new Map<object, readonly AppKey[]>();
  /** The rare keys in turn. */
  readonly nextRare: () => AppKey;

  constructor({ common, rare }: KeySet) {
    this.#common = inTurn(common);
    this.nextRare = inTurn(rare);
  }

  /** Always the same ones for an operation; dealt when they are first asked for, so that none is
   * dealt to an operation that never runs. */
  keysOf(operation: object): readonly AppKey[] {
    let keys = this.#ofOperation.get(operation);
    if (keys === undefined) {
      keys = [...new Set(Array.from({ length: APP_KEYS_AN_OPERATION }, this.#common))];
      this.#ofOperation.set(operation, keys);
    }
    return keys;
  }
}

function inTurn<T>(list: readonly T[]): () => T {
  let next = 0;
  return () => list[next++ % list.length]!;
}

/** The keys of traffic with so many different ones on its spans (resources not counted). */
export function keySet(keys: number): KeySet {
  let left = keys - MIN_APP_KEYS;
  const chosen: Protocol[] = [];
  for (const protocol of protocols) {
    if (protocolKeys[protocol] > left) break;
    left -= protocolKeys[protocol];
    chosen.push(protocol);
  }
  const app = Array.from({ length: left + MIN_APP_KEYS }, (_, i) => appKey(i));
  const rare = Math.max(1, Math.floor(app.length * RARE_KEY_SHARE));
  return { protocols: chosen, common: app.slice(rare), rare: app.slice(0, rare) };
}

const things =
  "cart order item payment refund coupon invoice shipment parcel customer session search filter page"
    .concat(" product price stock warehouse supplier campaign banner message inbox alert rule job")
    .concat(" batch report export tenant plan quota");
const aspects =
  "count total kind state region channel attempt priority flag source target version size age".concat(
    " reason group tier currency method cached retried score weight variant origin step",
  );

const thingWords = things.split(" ");
const aspectWords = aspects.split(" ");
const types = ["word", "int", "word", "digits", "word", "bool", "word", "double"] as const;

function appKey(i: number): AppKey {
  const thing = thingWords[i % thingWords.length]!;
  // Steps through the aspects differently for each round of things, so that neighbours differ.
  const round = Math.floor(i / thingWords.length);
  const aspect = aspectWords[(i + round) % aspectWords.length]!;
  const again = Math.floor(round / aspectWords.length);
  const key = `app.${thing}.${aspect}${again === 0 ? "" : `_${again}`}`;
  return { key, type: types[i % types.length]!, values: 3 + ((i * 7) % 40) };
}
