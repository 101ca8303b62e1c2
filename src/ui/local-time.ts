/** Minutes that the reader's zone is east of Greenwich at an instant in milliseconds since 1970. */
export function localOffset(atMs: number): number {
  return -new Date(atMs).getTimezoneOffset() || 0;
}
