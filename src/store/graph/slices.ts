/** Spans and edges are handled by slices of so many seconds: those that `spans` is ordered by. */
export const SLICE_SECONDS = 300;

/** How far apart the two spans of a call may start and still be found to be one. */
export const MARGIN_SECONDS = 120;
