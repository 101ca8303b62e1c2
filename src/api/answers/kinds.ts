/** What answers of Clew's own API are made of, as zod schemas. */
import { z } from "zod";

/** An object with exactly these fields. */
export function shape<Fields extends z.core.$ZodLooseShape>(fields: Fields) {
  return z.strictObject(fields).readonly();
}

/** A list. */
export function list<Item extends z.core.SomeType>(item: Item) {
  return z.array(item).readonly();
}

/** A whole number that is not negative, like a count or a size in bytes. */
export function count() {
  return z.int().min(0);
}
