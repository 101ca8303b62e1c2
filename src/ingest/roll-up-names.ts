import { grown } from "../base/growable.ts";
import { Interner } from "../base/interner.ts";
import { PairTable } from "../base/pair-table.ts";
import { attributeTypes } from "../model/attribute-columns.ts";
import type { Renamed } from "../model/roll-up.ts";
import type { SpanColumns } from "../model/span-columns.ts";
import { UNKNOWN_SERVICE } from "../model/trace.ts";
import type { NameGuard, Renaming } from "./name-guard.ts";

/** Where the names of roll-ups come from. */
export interface NameSource {
  readonly columns: SpanColumns;
  /** Of the roll-up that is made. */
  readonly texts: Interner;
  readonly guardOf: (tenant: string) => NameGuard;
}

const SERVICE_KEY = "service.name";
const UNMET = 0xffffffff;

/** A service as sent. Several may count under one name. */
interface Service {
  readonly guard: NameGuard;
  /** As counted. */
  readonly name: string;
  readonly counted: number;
  readonly renaming: Renaming;
}

/** The number of a text among others. */
export function textNumber(texts: Interner, text: string): number {
  const bytes = Buffer.from(text);
  return texts.intern(bytes, 0, bytes.length);
}

/** The number that a key has in a batch; undefined if no span has it. */
export function keyNumber({ memory: { keys } }: SpanColumns, key: string): number | undefined {
  const bytes = Buffer.from(key);
  for (let number = 0; number < keys.size; number++) {
    if (keys.is(number, bytes, 0, bytes.length)) return number;
  }
  return undefined;
}

/**
 * The operations of a batch: which service did what, under names that the guard lets through. Every
 * name is looked at once, the spans that share it cost a look into a table.
 */
export class OperationNames {
  readonly #source: NameSource;
  readonly #serviceKey: number | undefined;
  /** By resource: its service, or UNMET. A resource comes with one request, so it is of one tenant. */
  readonly #serviceOf: Uint32Array;
  readonly #services: Service[] = [];
  readonly #serviceNumbers = new PairTable(); // (tenant, name as sent)
  readonly #sentServices = new Interner();
  // Names as sent: (service, name) → the operation that it counts under.
  readonly #sent = new PairTable();
  #operationOf = new Uint32Array(64);
  #spansOf = new Uint32Array(64);
  readonly #renamingOf: Renaming[] = [];
  // As counted, of the roll-up's texts: (tenant, service) and then (that, name).
  readonly #countedServices = new PairTable();
  readonly #operations = new PairTable();

  constructor(source: NameSource) {
    this.#source = source;
    this.#serviceKey = keyNumber(source.columns, SERVICE_KEY);
    this.#serviceOf = new Uint32Array(source.columns.resources.length).fill(UNMET);
  }

  /** The operation that a span counts under. */
  ofSpan(span: number): number {
    const { columns } = this.#source;
    const resource = columns.resource[span]!;
    let service = this.#serviceOf[resource]!;
    if (service === UNMET) service = this.#meetResource(resource, columns.tenant[span]!);
    const sent = this.#sent.number(service, columns.name[span]!);
    if (sent === this.#renamingOf.length) this.#meetName(sent);
    this.#spansOf[sent]!++;
    return this.#operationOf[sent]!;
  }

  /** An operation's names, as numbers of the roll-up's texts. */
  of(operation: number): {
    readonly tenant: number;
    readonly service: number;
    readonly name: number;
  } {
    const counted = this.#operations.first[operation]!;
    const tenant = this.#countedServices.first[counted]!;
    const service = this.#countedServices.second[counted]!;
    return { tenant, service, name: this.#operations.second[operation]! };
  }

  /** How many spans came under other names than they were sent with. */
  renamed(): Renamed[] {
    const found = new Map<number, Renamed>();
    for (const [sent, renaming] of this.#renamingOf.entries()) {
      if (renaming === "none") continue;
      const { counted } = this.#services[this.#sent.first[sent]!]!;
      const before = found.get(counted) ?? this.#nothingRenamed(counted);
      found.set(counted, { ...before, [renaming]: before[renaming] + this.#spansOf[sent]! });
    }
    return [...found.values()];
  }

  #nothingRenamed(counted: number): Renamed {
    const { texts } = this.#source;
    const tenant = texts.text(this.#countedServices.first[counted]!);
    const service = texts.text(this.#countedServices.second[counted]!);
    return { tenant, service, templated: 0, other: 0 };
  }

  #meetResource(resource: number, tenantNumber: number): number {
    const { columns, texts, guardOf } = this.#source;
    const sent = this.#internService(resource);
    const service = this.#serviceNumbers.number(tenantNumber, sent);
    if (service === this.#services.length) {
      const tenant = columns.strings.text(tenantNumber);
      const guard = guardOf(tenant);
      const { name, renaming } = guard.service(this.#sentServices.text(sent) || UNKNOWN_SERVICE);
      const [tenantText, text] = [textNumber(texts, tenant), textNumber(texts, name)];
      const counted = this.#countedServices.number(tenantText, text);
      this.#services.push({ guard, name, counted, renaming });
    }
    this.#serviceOf[resource] = service;
    return service;
  }

  /** The number of the resource's service.name as sent; a value that is no text is none. */
  #internService(resource: number): number {
    const { attributes } = this.#source.columns.resources;
    for (let at = attributes.start(resource); at < attributes.end(resource); at++) {
      if (attributes.key[at] !== this.#serviceKey) continue;
      if (attributes.type[at] !== attributeTypes.string) break;
      const { bytes } = attributes.memory.values;
      return this.#sentServices.intern(
        bytes,
        attributes.words[2 * at]!,
        attributes.words[2 * at + 1]!,
      );
    }
    return this.#sentServices.intern(new Uint8Array(0), 0, 0);
  }

  #meetName(sent: number): void {
    const { columns, texts } = this.#source;
    const service = this.#services[this.#sent.first[sent]!]!;
    const nameSent = columns.strings.text(this.#sent.second[sent]!);
    const { name, renaming } = service.guard.span(service.name, nameSent);
    this.#operationOf = grown(this.#operationOf, sent + 1);
    this.#spansOf = grown(this.#spansOf, sent + 1);
    this.#operationOf[sent] = this.#operations.number(service.counted, textNumber(texts, name));
    this.#renamingOf.push(service.renaming === "other" ? "other" : renaming);
  }
}
