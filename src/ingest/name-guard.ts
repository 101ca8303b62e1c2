/**
 * Keeps the roll-ups few: names that hold ids would make a row, and a Prometheus series, for every
 * span. Below a cap of distinct names a service's names are as sent. Beyond it, what looks like an id
 * becomes `{id}` in all of its names; if even those are too many, new ones count under `OTHER`.
 * Services themselves, and the values of further dimensions, are capped in the same way. Whatever
 * happens to a name, its span is counted, and how many were renamed is told by service.
 *
 * Names that have not come for an hour or two are forgotten, and a service without ids in its names
 * for as long has them as sent again: a mistake that has been mended leaves nothing behind.
 *
 * A process has its own guard, and a batch that is inserted again, after a crash, may meet another
 * one that has seen less. That is harmless: one batch's roll-up is one insert a table, of which
 * ClickHouse takes the first that arrives complete and no other, and whatever its names, it counts
 * each span of the batch once.
 */
import { templateName } from "../model/name-template.ts";

/** What everything beyond the caps is counted under. */
export const OTHER = "(other)";

/** How many names there may be. */
export interface NameLimits {
  /** Distinct span names of a service. */
  readonly namesPerService: number;
  readonly services: number;
  /** Distinct values of one further dimension. */
  readonly values: number;
  /** Longer names and values are cut. */
  readonly nameChars: number;
}

/** What became of a name. */
export type Renaming = "none" | "templated" | "other";

/** A name to count under. */
export interface GuardedName {
  readonly name: string;
  readonly renaming: Renaming;
}

const GENERATION_MS = 3_600_000;

/** Texts that have come in this hour or the one before, and no more than so many of them. */
class RecentTexts {
  #current = new Set<string>();
  #previous = new Set<string>();

  get size(): number {
    return this.#current.size + this.#previous.size;
  }

  /** Notes the text, if it is known or there is room. */
  admit(text: string, most: number): boolean {
    if (this.#current.has(text)) return true;
    if (!this.#previous.delete(text) && this.size >= most) return false;
    this.#current.add(text);
    return true;
  }

  /** Begins a new generation. */
  age(): void {
    this.#previous = this.#current;
    this.#current = new Set();
  }

  /** Puts others in the place of all. */
  replace(map: (text: string) => string): void {
    this.#current = new Set([...this.#current].map(map));
    const older = [...this.#previous].map(map);
    this.#previous = new Set(older.filter((text) => !this.#current.has(text)));
  }
}

interface ServiceNames {
  readonly names: RecentTexts;
  isTemplated: boolean;
  /** Whether a name of this generation had ids in it. */
  hadIds: boolean;
}

function newService(): ServiceNames {
  return { names: new RecentTexts(), isTemplated: false, hadIds: false };
}

/** See the head of the file. */
export class NameGuard {
  readonly #limits: NameLimits;
  readonly #nowMs: () => number;
  readonly #services = new Map<string, ServiceNames>();
  readonly #values = new Map<string, RecentTexts>();
  #agedMs: number;

  constructor(limits: NameLimits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
    this.#agedMs = nowMs();
  }

  /** Whether nothing has come for long. */
  get isIdle(): boolean {
    return this.#services.size === 0;
  }

  /** To be called now and then: forgets what has not come for long. */
  age(): void {
    const now = this.#nowMs();
    if (Math.abs(now - this.#agedMs) < GENERATION_MS) return;
    this.#agedMs = now;
    for (const [service, known] of this.#services) {
      known.names.age();
      known.isTemplated &&= known.hadIds;
      known.hadIds = false;
      if (known.names.size === 0) this.#services.delete(service);
    }
    for (const values of this.#values.values()) values.age();
  }

  /** The name to count a service under. */
  service(name: string): GuardedName {
    const cut = this.#cut(name);
    if (!this.#services.has(cut)) {
      if (this.#services.size >= this.#limits.services) return { name: OTHER, renaming: "other" };
      this.#services.set(cut, newService());
    }
    return { name: cut, renaming: "none" };
  }

  /** The name to count a span under; `service` as `service` gave it. */
  span(service: string, name: string): GuardedName {
    const { namesPerService } = this.#limits;
    const known = this.#serviceNames(service);
    const cut = this.#cut(name);
    if (!known.isTemplated) {
      if (known.names.admit(cut, namesPerService)) return { name: cut, renaming: "none" };
      known.isTemplated = true;
      known.names.replace(templateName);
    }
    const template = templateName(cut);
    if (template !== cut) known.hadIds = true;
    if (!known.names.admit(template, namesPerService)) return { name: OTHER, renaming: "other" };
    return { name: template, renaming: template === cut ? "none" : "templated" };
  }

  /** The value of a further dimension to count a span under. */
  value(dimension: string, value: string): string {
    let known = this.#values.get(dimension);
    if (known === undefined) this.#values.set(dimension, (known = new RecentTexts()));
    const cut = this.#cut(value);
    return known.admit(cut, this.#limits.values) ? cut : OTHER;
  }

  #serviceNames(service: string): ServiceNames {
    let known = this.#services.get(service);
    if (known === undefined) {
      // That of all services beyond the cap.
      known = newService();
      this.#services.set(service, known);
    }
    return known;
  }

  #cut(text: string): string {
    const { nameChars } = this.#limits;
    if (text.length <= nameChars) return text;
    // Not between the halves of one character.
    const end = /[\uD800-\uDBFF]/.test(text[nameChars - 2]!) ? nameChars - 2 : nameChars - 1;
    return `${text.slice(0, end)}…`;
  }
}

/** The guards of all tenants: one that floods takes no names from the others. */
export class TenantGuards {
  readonly #limits: NameLimits;
  readonly #nowMs: () => number;
  readonly #guards = new Map<string, NameGuard>();

  constructor(limits: NameLimits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** The guard of a tenant. */
  of(tenant: string): NameGuard {
    let guard = this.#guards.get(tenant);
    if (guard === undefined) {
      guard = new NameGuard(this.#limits, this.#nowMs);
      this.#guards.set(tenant, guard);
    }
    return guard;
  }

  /** To be called now and then: forgets what has not come for long. */
  age(): void {
    for (const [tenant, guard] of this.#guards) {
      guard.age();
      if (guard.isIdle) this.#guards.delete(tenant);
    }
  }
}
