/** What is shown of a trace beside its spans: colours, what is picked out, what is marked. */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { correctSkew, type Corrected } from "../../analysis/clock-skew.ts";
import { criticalPath, type CriticalPath } from "../../analysis/critical-path.ts";
import { errorPath, type ErrorPath } from "../../analysis/error-path.ts";
import { findRows } from "../../analysis/find-rows.ts";
import { siblingGroups } from "../../analysis/sibling-groups.ts";
import type { SpanTable } from "../../analysis/span-table.ts";
import { ownColouring, valueColouring, type Colouring } from "./colouring.ts";
import { withAncestors, type Scope } from "./cursor.ts";
import type { EngineClient } from "./engine/engine-calls.ts";
import type { Filtered } from "./engine/trace-engine.ts";
import type { ColumnName } from "./engine/view-of-table.ts";
import type { TraceQuery } from "./trace-query.ts";
import { mainRow, rowOfKey } from "./view.ts";

/** See the top of this file. */
export interface Shown {
  readonly scope: Scope;
  readonly colouring: Colouring;
  /** Why colours are not what was asked for, if so. */
  readonly colourProblem: string;
  /** By row: 0 for what is dimmed, because a filter does not pick it out. */
  readonly bright: Uint8Array | undefined;
  readonly filtered: Filtered | undefined;
  /** The rows found by name, and by row whether it is one. */
  readonly found: Int32Array;
  readonly isFound: Uint8Array | undefined;
  readonly path: CriticalPath | undefined;
  /** Where failures came from, if that is asked for. */
  readonly errors: ErrorPath | undefined;
}

/** The table as it is shown: with corrected clocks, if that is asked for. */
export function useClocks(
  sent: SpanTable,
  { clocks }: TraceQuery,
): { readonly table: SpanTable; readonly corrected: Corrected } {
  const corrected = useMemo(() => correctSkew(sent), [sent]);
  return { table: clocks ? corrected.table : sent, corrected };
}

/** What is shown of a table; what has to be asked for comes later. */
export function useShown(table: SpanTable, query: TraceQuery, engine: EngineClient): Shown {
  const root = useMemo(() => rowOfKey(table, query.root), [table, query.root]);
  const groups = useMemo(
    () => (query.group ? siblingGroups(table) : undefined),
    [table, query.group],
  );
  const path = useMemo(
    () => (query.path ? criticalPath(table, root < 0 ? mainRow(table) : root) : undefined),
    [table, query.path, root],
  );
  const found = useMemo(() => findRows(table, query.find), [table, query.find]);
  const isFound = useMemo(() => {
    if (query.find.trim() === "") return undefined;
    const flags = new Uint8Array(table.length);
    for (const row of found) flags[row] = 1;
    return flags;
  }, [table, found]);
  const filtered = useFilter(table, query.filter, engine);
  const errors = useMemo(
    () => (query.errors ? errorPath(table) : undefined),
    [table, query.errors],
  );
  const picked = filtered?.kind === "ok" ? filtered.matches : undefined;
  const matches = useMemo(() => both(picked, errors?.onPath), [picked, errors]);
  const kept = useMemo(
    () => (query.only && matches !== undefined ? withAncestors(table, matches) : undefined),
    [table, matches, query.only],
  );
  const scope = useMemo(
    // Of siblings of which only some match, one cannot stand for all.
    () => ({ root, kept, groups: kept === undefined ? groups : undefined }),
    [root, kept, groups],
  );
  const { colouring, problem } = useColouring(table, query.colour, engine);
  return {
    scope,
    colouring,
    colourProblem: problem,
    bright: matches,
    filtered,
    found,
    isFound,
    path,
    errors,
  };
}

/** What is in both, of those that there are. */
function both(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  return a === undefined || b === undefined ? (a ?? b) : a.map((flag, row) => flag & b[row]!);
}

function useFilter(table: SpanTable, text: string, engine: EngineClient): Filtered | undefined {
  const filtered = useSignal<Filtered | undefined>(undefined);
  useEffect(() => {
    if (text.trim() === "") {
      filtered.value = undefined;
      return;
    }
    const end = new AbortController();
    const ask = async (): Promise<void> => {
      const got = await engine.call("filter", { text }, { signal: end.signal });
      if (got.kind !== "aborted") filtered.value = got;
    };
    void ask();
    return () => end.abort();
  }, [table.traceId, table.length, text, engine]);
  const { value } = filtered;
  // After a reload rows are others: what was found is asked for again.
  return value?.kind === "ok" && value.matches.length !== table.length ? undefined : value;
}

/** The attribute that a text like `span.http.route` names. */
function columnName(text: string): ColumnName | undefined {
  const [, owner, key] = /^(span|resource|scope)\.(.+)$/s.exec(text) ?? [];
  return key === undefined ? undefined : { owner: owner as ColumnName["owner"], key };
}

function useColouring(
  table: SpanTable,
  by: string,
  engine: EngineClient,
): { readonly colouring: Colouring; readonly problem: string } {
  const own = useMemo(() => ownColouring(table, by), [table, by]);
  const asked = useSignal<{ by: string; colouring?: Colouring; problem: string }>({
    by: "",
    problem: "",
  });
  useEffect(() => {
    const name = columnName(by);
    if (name === undefined) return;
    const end = new AbortController();
    const ask = async (): Promise<void> => {
      const got = await engine.call("values", name, { signal: end.signal });
      if (got.kind === "ok") {
        asked.value = { by, colouring: valueColouring(table, got.value), problem: "" };
      } else if (got.kind === "failed") asked.value = { by, problem: got.message };
    };
    void ask();
    return () => end.abort();
  }, [table, by, engine]);
  const { value } = asked;
  const isAsked = columnName(by) !== undefined && value.by === by;
  const fits = isAsked && value.colouring?.numbers.length === table.length;
  return {
    colouring: fits ? value.colouring! : own,
    problem: isAsked ? value.problem : "",
  };
}
