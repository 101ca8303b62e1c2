declare module "snappyjs" {
  /** The bytes in Snappy's raw format. */
  export function compress(input: Uint8Array): Uint8Array;
  /** What `compress` was given. Throws Error if that is not what the bytes are. */
  export function uncompress(input: Uint8Array): Uint8Array;
}
