/** Who shops and what there is to buy: the rows the database starts with. */

/** Why a customer's checkout is bound to fail; see `Failure` in `plan.ts`. */
export type Circumstance = "none" | "authRejected" | "outOfStock" | "paymentDeclined";

/** Someone with a session, a card and a cart that is never emptied. */
export interface Customer {
  readonly id: string;
  readonly email: string;
  readonly card: string;
  readonly token: string;
  readonly sessionExpired: boolean;
  readonly cart: readonly { readonly sku: string; readonly quantity: number }[];
  readonly circumstance: Circumstance;
}

/** A row of the stock. */
export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly priceCents: number;
  readonly onHand: number;
}

const PLENTY = 2_000_000_000; // close to the largest int4: lasts for years of demo

const names: readonly [name: string, priceCents: number][] = [
  ["Ball of thread", 690],
  ["Labyrinth map", 1_450],
  ["Bronze lamp", 3_900],
  ["Wax tablets", 820],
  ["Olive oil", 1_190],
  ["Walking sandals", 5_400],
  ["Wool cloak", 8_900],
  ["Clay amphora", 2_350],
  ["Fig bread", 450],
  ["Black sail", 12_900],
  ["White sail", 12_900],
  ["Bull mask", 4_600],
];

const inStock = names.map(([name, priceCents], i): Product => {
  return { sku: skuOf(i), name, priceCents, onHand: PLENTY };
});
const soldOut: Product = { sku: skuOf(99), name: "Golden wings", priceCents: 59_900, onHand: 0 };

/** Everything there is, and one thing there is none of. */
export const products: readonly Product[] = [...inStock, soldOut];

const firstNames = ["ariadne", "theseus", "minos", "daedalus", "icarus", "phaedra", "aegeus"];

/** Forty customers that nothing is wrong with, then four of each circumstance. */
export const customers: readonly Customer[] = [
  ...makeCustomers(40, "none"),
  ...makeCustomers(4, "authRejected"),
  ...makeCustomers(4, "outOfStock"),
  ...makeCustomers(4, "paymentDeclined"),
];

/** Cards that the bank declines end in these digits. */
export const DECLINED_CARD_END = "0002";

function makeCustomers(count: number, circumstance: Circumstance): Customer[] {
  return Array.from({ length: count }, (_, i) => {
    const id = `${circumstance === "none" ? "user" : circumstance}-${i + 1}`;
    return {
      id,
      email: `${firstNames[i % firstNames.length]}.${id}@shop.example`,
      card: circumstance === "paymentDeclined" ? `4000-0000-0000-0002` : `4000-0000-0000-1111`,
      token: `session-of-${id}`,
      sessionExpired: circumstance === "authRejected",
      cart: makeCart(i, circumstance),
      circumstance,
    };
  });
}

/** One to four different products, the same each time for the same customer. */
function makeCart(i: number, circumstance: Circumstance): Customer["cart"] {
  const cart = Array.from({ length: 1 + (i % 4) }, (_, at) => ({
    sku: skuOf((i * 5 + at * 7) % names.length),
    quantity: 1 + ((i + at) % 3),
  }));
  return circumstance === "outOfStock" ? [...cart, { sku: soldOut.sku, quantity: 1 }] : cart;
}

function skuOf(i: number): string {
  return `sku-${String(i + 1).padStart(3, "0")}`;
}
