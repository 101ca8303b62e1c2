/**
 * What the load generator asks for. The n-th request is a function of the seed and n alone, so two runs
 * with the same options send the same requests, whatever else happens.
 */
import { customers } from "./data.ts";
import { type Delay, delays, type Scenario } from "./scenario.ts";

/** Ways in which a request is made to fail, with what the api-gateway must answer then. */
export const failureStatus = {
  /** The session has expired. */
  authRejected: 401,
  /** The cart holds something that is sold out. */
  outOfStock: 409,
  /** The bank declines the card. */
  paymentDeclined: 402,
  /** A query in inventory is refused by the database. */
  inventoryError: 502,
  /** The bank does not answer in time. */
  bankTimeout: 502,
} as const;
export type Failure = keyof typeof failureStatus;

interface Endpoint {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Of all requests; the endpoints' shares add up to 1. */
  readonly share: number;
  /** Status of the answer when nothing fails. */
  readonly status: number;
  readonly failures: readonly Failure[];
  readonly delays: readonly Delay[];
}

/** Mostly checkouts, because they pass through all six services. */
export const endpoints: readonly Endpoint[] = [
  {
    method: "POST",
    path: "/checkout",
    share: 0.7,
    status: 201,
    failures: ["authRejected", "outOfStock", "paymentDeclined", "inventoryError", "bankTimeout"],
    delays: ["bank", "stockQuery"],
  },
  {
    method: "GET",
    path: "/cart",
    share: 0.15,
    status: 200,
    failures: ["authRejected", "inventoryError"],
    delays: ["stockQuery"],
  },
  {
    method: "GET",
    path: "/products",
    share: 0.15,
    status: 200,
    failures: ["inventoryError"],
    delays: ["stockQuery"],
  },
];

/** What may go wrong: why requests fail, and where they lose time. */
export const troubles = [...(Object.keys(failureStatus) as Failure[]), ...delays] as const;
export type Trouble = (typeof troubles)[number];

/** What the plan depends on. */
export interface PlanOptions {
  readonly seed: number;
  /** Share of requests that fail, 0 to 1. */
  readonly errorShare: number;
  /** Share of requests that are slow, 0 to 1; never the same requests as those that fail. */
  readonly slowShare: number;
  /** Nothing else goes wrong; anything may if it is left out. */
  readonly only?: readonly Trouble[];
}

/** A request to the api-gateway and the answer it must get. */
export interface PlannedRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** The customer's session, sent as a bearer token. */
  readonly token: string;
  readonly scenario: Scenario;
  readonly failure?: Failure;
  readonly expectedStatus: number;
}

/** The request number `index`, counted from 0. */
export function planRequest(options: PlanOptions, index: number): PlannedRequest {
  const random = randomNumbers(options.seed, index);
  const endpoint = pickEndpoint(random());
  const outcome = random();
  const [ofKind, ofCustomer, jitter] = [random(), random(), random()];
  const fails = outcome < options.errorShare;
  const slow = !fails && outcome < options.errorShare + options.slowShare;

  const may = (trouble: Trouble): boolean => options.only?.includes(trouble) ?? true;
  const failure = fails ? pick(endpoint.failures.filter(may), ofKind) : undefined;
  const delay = slow ? pick(endpoint.delays.filter(may), ofKind) : undefined;
  const fault = failure === "inventoryError" || failure === "bankTimeout" ? failure : undefined;
  return {
    method: endpoint.method,
    path: endpoint.path,
    token: customerFor(failure, ofCustomer).token,
    scenario: {
      jitter,
      ...(fault === undefined ? {} : { fault }),
      ...(delay === undefined ? {} : { delay }),
    },
    ...(failure === undefined ? {} : { failure }),
    expectedStatus: failure === undefined ? endpoint.status : failureStatus[failure],
  };
}

function customerFor(failure: Failure | undefined, at: number) {
  const circumstance =
    failure === "authRejected" || failure === "outOfStock" || failure === "paymentDeclined"
      ? failure
      : "none";
  return pick(
    customers.filter((customer) => customer.circumstance === circumstance),
    at,
  )!;
}

function pickEndpoint(at: number): Endpoint {
  let upTo = 0;
  for (const endpoint of endpoints) {
    upTo += endpoint.share;
    if (at < upTo) return endpoint;
  }
  return endpoints[0]!; // the shares' sum may fall short of 1 by a rounding error
}

/** Undefined of none. */
function pick<Item>(items: readonly Item[], at: number): Item | undefined {
  return items[Math.floor(at * items.length)];
}

/** Numbers from 0 to less than 1: splitmix32 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
 * Generators", 2014, with MurmurHash3's finalizer), started from the seed and the request's number. */
function randomNumbers(seed: number, index: number): () => number {
  const high = Math.floor(seed / 2 ** 32);
  let state = mix(mix(mix(seed) ^ high) + index);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return (mix(state) >>> 0) / 2 ** 32;
  };
}

function mix(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
