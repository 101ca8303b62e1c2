/** How many candidates are taken at a time; it changes nothing about answers. */
export interface SearchSteps {
  /** By the first statement about a stretch of time, and by others when those were not enough. */
  readonly firstPage: number;
  readonly page: number;
  /** That are looked at together: at first, and when it goes on. */
  readonly leastChunk: number;
  readonly mostChunk: number;
  /** Spans of which the traces are looked at first, by length: so many more than traces are wanted. */
  readonly longestSpans: number;
}

/** What is right for a real store. */
export const usualSteps: SearchSteps = {
  firstPage: 256,
  page: 50_000,
  leastChunk: 64,
  mostChunk: 2_048,
  longestSpans: 1_000,
};
