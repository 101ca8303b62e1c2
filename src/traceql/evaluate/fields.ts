import { spanKinds, spanStatuses } from "../../model/trace.ts";
import type { Attribute, Field, Value } from "../ast.ts";
import type { IntrinsicName } from "../intrinsics.ts";
import { type Columns, hexId, type Run } from "./run.ts";
import type { TraceView } from "./trace-view.ts";
import { NONE } from "./tree.ts";
import type { RuntimeValue } from "./values.ts";

/** What an expression has for a span. */
export type Getter = (run: Run, row: number) => RuntimeValue | undefined;

/** Whether something holds for a span. */
export type Predicate = (run: Run, row: number) => boolean;

const statusValues: readonly Value[] = spanStatuses.map((value) => ({ type: "status", value }));
const kindValues: readonly Value[] = spanKinds.map((value) => ({ type: "kind", value }));

/** Whether a field is one of the span's events' or links'. */
export function ownerOf(field: Field): "event" | "link" | "span" {
  const owner = field.kind === "attribute" ? field.scope : field.name.split(":")[0];
  return owner === "event" || owner === "link" ? owner : "span";
}

/** Reads a field in a condition: a field of events or links is that of the one looked at now. */
export function fieldGetter(field: Field, columns: Columns): Getter {
  const getter =
    field.kind === "attribute" ? attribute(field, columns) : intrinsicGetters[field.name];
  return field.ofParent ? ofParent(getter) : getter;
}

/**
 * Reads a field where one value is wanted (by, select, aggregates): of several events that of the one
 * because of which the span was kept, if it has the field, else of the last one that has. Links
 * likewise.
 */
export function projectionGetter(field: Field, columns: Columns): Getter {
  const getter = fieldGetter(field, columns);
  switch (ownerOf(field)) {
    case "span":
      return getter;
    case "event":
      return (run, row) => {
        const { ends } = run.events;
        const first = row === 0 ? 0 : ends[row - 1]!;
        const at = (event: number): RuntimeValue | undefined => {
          run.event = event;
          const value = getter(run, row);
          run.event = NONE;
          return value;
        };
        return projected(first, ends[row]!, run.witnesses(row).event, at);
      };
    case "link":
      return (run, row) => {
        const { ends } = run.links;
        const first = row === 0 ? 0 : ends[row - 1]!;
        const at = (link: number): RuntimeValue | undefined => {
          run.link = link;
          const value = getter(run, row);
          run.link = NONE;
          return value;
        };
        return projected(first, ends[row]!, run.witnesses(row).link, at);
      };
  }
}

function projected(
  first: number,
  end: number,
  witness: number,
  at: (item: number) => RuntimeValue | undefined,
): RuntimeValue | undefined {
  let value = witness === NONE ? undefined : at(witness);
  for (let item = end - 1; value === undefined && item >= first; item--) value = at(item);
  return value;
}

function ofParent(getter: Getter): Getter {
  return (run, row) => {
    const parent = run.tree.parents[row]!;
    return parent === NONE ? undefined : getter(run, parent);
  };
}

function attribute({ scope, name }: Attribute, columns: Columns): Getter {
  switch (scope) {
    case "any": {
      const span = columns.slot("span", name);
      const resource = columns.slot("resource", name);
      return (run, row) => run.column(span)[row] ?? run.column(resource)[row];
    }
    case "event": {
      const slot = columns.slot("event", name);
      return (run) => run.column(slot)[run.event];
    }
    case "link": {
      const slot = columns.slot("link", name);
      return (run) => run.column(slot)[run.link];
    }
    case "span":
    case "resource":
    case "instrumentation": {
      const slot = columns.slot(scope, name);
      return (run, row) => run.column(slot)[row];
    }
  }
}

const intrinsicGetters: Readonly<Record<IntrinsicName, Getter>> = {
  "span:duration": ({ view }, row) => ({ type: "duration", value: view.durationNano[row]! }),
  "span:name": (run, row) => string(run.names[row]!),
  "span:status": ({ view }, row) => statusValues[view.status[row]!],
  "span:statusMessage": (run, row) => string(run.statusMessages[row]!),
  "span:kind": ({ view }, row) => kindValues[view.kind[row]!],
  "span:id": ({ view }, row) => string(hexId(view.spanId, row)),
  "span:parentID": ({ view }, row) => string(hexId(view.parentSpanId, row)),
  "span:childCount": ({ tree }, row) => int(tree.childCounts[row]!),
  "span:start": ({ view }, row) => ({ type: "int", value: view.startUnixNano[row]! }),
  "span:end": ({ view }, row) => ({
    type: "int",
    value: view.startUnixNano[row]! + view.durationNano[row]!,
  }),
  "trace:id": ({ view }) => string(traceIdText(view)),
  "trace:duration": (run) => ({ type: "duration", value: run.traceEnd - run.traceStart }),
  "trace:rootName": (run) => string(run.root === NONE ? "" : run.names[run.root]!),
  "trace:rootService": (run) => string(run.root === NONE ? "" : run.services[run.root]!),
  "trace:start": (run) => ({ type: "int", value: run.traceStart }),
  "trace:end": (run) => ({ type: "int", value: run.traceEnd }),
  "trace:spanCount": (run) => int(run.view.length),
  "trace:errorCount": (run) => int(run.errorCount),
  "event:name": (run) => string(run.eventNames[run.event]!),
  "event:timeSinceStart": ({ events, event, view }, row) => ({
    type: "duration",
    value: events.timeUnixNano[event]! - view.startUnixNano[row]!,
  }),
  "link:traceID": (run) => string(run.linkTraceIds[run.link]!),
  "link:spanID": (run) => string(run.linkSpanIds[run.link]!),
  "instrumentation:name": (run, row) => string(run.scopeNames[row]!),
  "instrumentation:version": (run, row) => string(run.scopeVersions[row]!),
  nestedSetParent: ({ tree }, row) => int(tree.parentBound(row)),
  nestedSetLeft: ({ tree }, row) => int(tree.lefts[row]!),
  nestedSetRight: ({ tree }, row) => int(tree.rights[row]!),
  parent: () => undefined,
};

/** A trace's id as answers show it: without leading zeros. */
export function traceIdText({ traceId }: TraceView): string {
  return traceId.replace(/^0+/, "");
}

function string(value: string): Value {
  return { type: "string", value };
}

function int(value: number): Value {
  return { type: "int", value: BigInt(value) };
}
