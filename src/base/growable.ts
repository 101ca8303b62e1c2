/** A typed array that can be made longer; what it holds is copied, what is new is zero. */
type Growable = Uint8Array | Uint32Array | Float64Array;

/** `array` if it has room for `length` items, else a copy of at least twice its size. */
export function grown<T extends Growable>(array: T, length: number): T {
  if (length <= array.length) return array;
  const longer = new (array.constructor as new (length: number) => T)(
    Math.max(length, array.length * 2),
  );
  longer.set(array);
  return longer;
}
