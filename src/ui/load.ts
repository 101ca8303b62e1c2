/** What a page has asked for, and how a new answer changes it. */
import type { QueryProblem } from "../api/contract.ts";
import type { Answer } from "./api.ts";

/** How far the page is with something it asked for. */
export type Load<T> =
  | { readonly kind: "loading" }
  | {
      readonly kind: "ready";
      readonly value: T;
      /** When it came, in milliseconds since 1970. */
      readonly atMs: number;
      /** Why it is not newer, if the last attempt failed; else "". */
      readonly problem: string;
    }
  | {
      readonly kind: "failed";
      readonly message: string;
      /** Of a query that cannot be asked: what is wrong with it, and where. */
      readonly problems: readonly QueryProblem[];
    };

/** Gives the state after an answer. What is there already stays, with a word on why it is old. */
export function after<T>(before: Load<T>, answer: Answer<T>): Load<T> {
  switch (answer.kind) {
    case "ok":
      return { kind: "ready", value: answer.value, atMs: Date.now(), problem: "" };
    case "aborted":
      return before;
    case "failed":
      return before.kind === "ready"
        ? { ...before, problem: answer.message }
        : { kind: "failed", message: answer.message, problems: answer.problems ?? [] };
  }
}
