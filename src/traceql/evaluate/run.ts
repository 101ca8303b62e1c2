import { Fault } from "../../base/fault.ts";
import { spanStatuses } from "../../model/trace.ts";
import type {
  AttributeColumn,
  EventsView,
  LinksView,
  OwnerScope,
  TraceView,
} from "./trace-view.ts";
import { NONE, Tree } from "./tree.ts";

/** How many steps a query may take on one trace, a step being a test of a span or a row handed on: about
 * a second's work. */
const MAX_STEPS = 100_000_000;

/** An attribute column that a query reads. */
export interface ColumnKey {
  readonly scope: OwnerScope | "event" | "link";
  readonly key: string;
}

/** The event and the link because of which a span is kept, as items of the views; NONE for none. */
export interface Witness {
  readonly event: number;
  readonly link: number;
}

/** The columns that a query reads, numbered while it is compiled. */
export class Columns {
  readonly keys: ColumnKey[] = [];

  /** The number of a column; the same column has the same one. */
  slot(scope: ColumnKey["scope"], key: string): number {
    const known = this.keys.findIndex((column) => column.scope === scope && column.key === key);
    return known === -1 ? this.keys.push({ scope, key }) - 1 : known;
  }
}

/**
 * One query at work on one trace after the other: what its compiled closures read. Everything is
 * fetched from the trace when first asked for, and kept until the next trace.
 */
export class Run {
  /** The event and the link that a condition looks at now, as items of the views; NONE outside. */
  event: number = NONE;
  link: number = NONE;
  /** The event and the link that were found last for the condition that is being tried. */
  foundEvent: number = NONE;
  foundLink: number = NONE;
  readonly #keys: readonly ColumnKey[];
  readonly #columns: (AttributeColumn | undefined)[];
  readonly #tree = new Tree();
  #view: TraceView | undefined;
  #hasTree = false;
  #names: readonly string[] | undefined;
  #services: readonly string[] | undefined;
  #statusMessages: readonly string[] | undefined;
  #scopeNames: readonly string[] | undefined;
  #scopeVersions: readonly string[] | undefined;
  #events: EventsView | undefined;
  #links: LinksView | undefined;
  #eventNames: readonly string[] | undefined;
  #linkTraceIds: readonly string[] | undefined;
  #linkSpanIds: readonly string[] | undefined;
  #end: bigint | undefined;
  #errorCount: number | undefined;
  #root: number | undefined;
  /** By row: the event and the link because of which a filter kept the span last. */
  #eventWitnesses = new Int32Array(0);
  #linkWitnesses = new Int32Array(0);
  #hasWitnesses = false;
  #marks = new Uint8Array(64);
  #counts = new Int32Array(64);
  #steps = 0;

  constructor(columns: Columns) {
    this.#keys = columns.keys;
    this.#columns = Array.from({ length: columns.keys.length });
  }

  /** Turns to another trace. */
  start(view: TraceView): void {
    this.#view = view;
    this.#steps = 0;
    this.event = this.link = NONE;
    this.#hasTree = this.#hasWitnesses = false;
    this.#names = this.#services = this.#statusMessages = undefined;
    this.#scopeNames = this.#scopeVersions = this.#eventNames = undefined;
    this.#linkTraceIds = this.#linkSpanIds = undefined;
    this.#events = undefined;
    this.#links = undefined;
    this.#end = undefined;
    this.#errorCount = this.#root = undefined;
    this.#columns.fill(undefined);
  }

  /** Counts steps before they are taken. Throws Fault "tooLarge" beyond `MAX_STEPS`. */
  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps <= MAX_STEPS) return;
    const { traceId, length } = this.view;
    const where = `trace ${traceId} of ${length} spans`;
    throw new Fault("tooLarge", `the query takes more than ${MAX_STEPS} steps on ${where}`);
  }

  get view(): TraceView {
    return this.#view!;
  }

  get tree(): Tree {
    if (!this.#hasTree) {
      this.#tree.build(this.#view!);
      this.#hasTree = true;
    }
    return this.#tree;
  }

  /** A column of `Columns`, by row, event or link as its scope says. */
  column(slot: number): AttributeColumn {
    return this.#columns[slot] ?? this.#load(slot);
  }

  #load(slot: number): AttributeColumn {
    const { scope, key } = this.#keys[slot]!;
    const column =
      scope === "event"
        ? this.events.attribute(key)
        : scope === "link"
          ? this.links.attribute(key)
          : this.#view!.attribute(scope, key);
    this.#columns[slot] = column;
    return column;
  }

  get names(): readonly string[] {
    return (this.#names ??= this.#view!.names());
  }

  get services(): readonly string[] {
    return (this.#services ??= this.#view!.services());
  }

  get statusMessages(): readonly string[] {
    return (this.#statusMessages ??= this.#view!.statusMessages());
  }

  get scopeNames(): readonly string[] {
    return (this.#scopeNames ??= this.#view!.scopeNames());
  }

  get scopeVersions(): readonly string[] {
    return (this.#scopeVersions ??= this.#view!.scopeVersions());
  }

  get events(): EventsView {
    return (this.#events ??= this.#view!.events());
  }

  get eventNames(): readonly string[] {
    return (this.#eventNames ??= this.events.names());
  }

  get links(): LinksView {
    return (this.#links ??= this.#view!.links());
  }

  get linkTraceIds(): readonly string[] {
    return (this.#linkTraceIds ??= this.links.traceIds());
  }

  get linkSpanIds(): readonly string[] {
    return (this.#linkSpanIds ??= this.links.spanIds());
  }

  /** Unix nanoseconds of the earliest start. */
  get traceStart(): bigint {
    return this.#view!.startUnixNano[0]!;
  }

  /** Unix nanoseconds of the latest end, at least of the start. */
  get traceEnd(): bigint {
    return (this.#end ??= traceEnd(this.#view!));
  }

  /** How many spans have the status error. */
  get errorCount(): number {
    return (this.#errorCount ??= countErrors(this.#view!));
  }

  /** The earliest span without a parent, or NONE. */
  get root(): number {
    return (this.#root ??= firstRoot(this.#view!));
  }

  /** Bytes by row, all zero, and to be left so. */
  marks(): Uint8Array {
    if (this.#marks.length < this.view.length) this.#marks = new Uint8Array(2 * this.view.length);
    return this.#marks;
  }

  /** Numbers by row (and one more), all zero, and to be left so. */
  counts(): Int32Array {
    const length = this.view.length + 1;
    if (this.#counts.length < length) this.#counts = new Int32Array(2 * length);
    return this.#counts;
  }

  /** Remembers that a filter keeps the row because of an event or link; NONE changes nothing. */
  witness(row: number, { event, link }: Witness): void {
    if (!this.#hasWitnesses) {
      const { length } = this.view;
      if (this.#eventWitnesses.length < length) {
        this.#eventWitnesses = new Int32Array(2 * length);
        this.#linkWitnesses = new Int32Array(2 * length);
      }
      this.#eventWitnesses.fill(NONE, 0, length);
      this.#linkWitnesses.fill(NONE, 0, length);
      this.#hasWitnesses = true;
    }
    if (event !== NONE) this.#eventWitnesses[row] = event;
    if (link !== NONE) this.#linkWitnesses[row] = link;
  }

  /** The event and the link because of which the last filter that looked at some kept the row, or
   * NONE. */
  witnesses(row: number): Witness {
    if (!this.#hasWitnesses) return { event: NONE, link: NONE };
    return { event: this.#eventWitnesses[row]!, link: this.#linkWitnesses[row]! };
  }
}

/** Unix nanoseconds of the latest end of the trace's spans, at least of its start. */
export function traceEnd({ length, startUnixNano, durationNano }: TraceView): bigint {
  let end = startUnixNano[0]!;
  for (let row = 0; row < length; row++) {
    const ends = startUnixNano[row]! + durationNano[row]!;
    if (ends > end) end = ends;
  }
  return end;
}

const ERROR = spanStatuses.indexOf("error");

/** How many spans have the status error. */
export function countErrors({ length, status }: TraceView): number {
  let count = 0;
  for (let row = 0; row < length; row++) if (status[row] === ERROR) count++;
  return count;
}

/** The earliest span without a parent, or NONE. */
export function firstRoot({ length, parentSpanId }: TraceView): number {
  for (let row = 0; row < length; row++) {
    let isZero = true;
    for (let i = 8 * row; isZero && i < 8 * row + 8; i++) isZero = parentSpanId[i] === 0;
    if (isZero) return row;
  }
  return NONE;
}

/** An id's bytes as lower-case hex. */
export function hexId(bytes: Uint8Array, row: number): string {
  let text = "";
  for (let i = 8 * row; i < 8 * row + 8; i++) text += hexOfByte[bytes[i]!]!;
  return text;
}

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
