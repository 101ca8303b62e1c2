import { Fault } from "../base/fault.ts";
import { compileSearch } from "../traceql/evaluate/search.ts";
import type { TraceView } from "../traceql/evaluate/trace-view.ts";
import type { Policies } from "./policy.ts";

/** What `judge` says of a trace on which a filter cannot be calculated: it is to be kept. */
export const UNDECIDED = -1;

/**
 * A function that gives the index of the policy that decides about a trace, which must be whole.
 * It is one worker: to be used by one caller at a time.
 */
export function compileJudge(policies: Policies): (trace: TraceView) => number {
  const searches = policies.map(({ match }) => match && compileSearch(match.query));
  return (trace) => {
    try {
      return searches.findIndex((search) => !search || search.evaluate(trace).length > 0);
    } catch (error) {
      if (error instanceof Fault) return UNDECIDED;
      throw error;
    }
  };
}
