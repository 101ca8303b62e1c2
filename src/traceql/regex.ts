/**
 * Regular expressions as TraceQL has them: RE2's syntax (no look-around, no back-references), matched
 * in full, a dot matching line ends too, in time linear in the text. re2js does the work; what needs no
 * engine (globs.ts) does without.
 */
import { RE2JS } from "re2js";
import { type Glob, globMatches, globsOf } from "./globs.ts";
import { regexSize } from "./regex-size.ts";

/** A compiled pattern. */
export interface Regex {
  /** Whether the pattern matches the whole text. */
  readonly matches: (text: string) => boolean;
  /** Set if the pattern matches exactly these texts and no others. */
  readonly literals?: readonly string[];
  /** About how many instructions it has for the engine; 0 if it does without. */
  readonly size: number;
}

/** Larger patterns count as invalid. At this size compiling takes up to a tenth of a second, and looking
 * through a thousand characters as long. */
const MAX_SIZE = 20_000;

/** Compiled patterns that are kept, the one used last at the end. An engine takes up to 8 MB for the
 * states it has met. */
const kept = new Map<string, Regex>();
const MAX_KEPT = 32;
/** Longer patterns are compiled each time. */
const MAX_KEPT_PATTERN_CHARS = 8192;

/** The pattern, ready to match; undefined if it is not valid, or too large. */
export function compileRegex(pattern: string): Regex | undefined {
  const known = kept.get(pattern);
  if (known !== undefined) {
    kept.delete(pattern);
    kept.set(pattern, known);
    return known;
  }
  const regex = compileAnew(pattern);
  if (regex === undefined || pattern.length > MAX_KEPT_PATTERN_CHARS) return regex;
  kept.set(pattern, regex);
  for (const oldest of kept.keys()) {
    if (kept.size <= MAX_KEPT) break;
    kept.delete(oldest);
  }
  return regex;
}

function compileAnew(pattern: string): Regex | undefined {
  const globs = globsOf(pattern);
  return globs === undefined ? compileEngine(pattern) : compileGlobs(globs);
}

/** The pattern on the engine, whatever it is. */
export function compileEngine(pattern: string): Regex | undefined {
  const size = regexSize(pattern);
  if (size > MAX_SIZE) return undefined;
  try {
    const engine = RE2JS.compile(pattern, RE2JS.DOTALL);
    return { matches: (text) => engine.testExact(text), size };
  } catch {
    // The engine's only way to say that a pattern is wrong, or too large.
    return undefined;
  }
}

function compileGlobs(globs: readonly Glob[]): Regex {
  const literals = [...new Set(globs.filter(isLiteral).map(({ pieces }) => pieces[0]!))];
  const others = globs.filter((glob) => !isLiteral(glob));
  if (others.length === 0) {
    const [only] = literals;
    if (literals.length === 1) return { matches: (text) => text === only, literals, size: 0 };
    const set = new Set(literals);
    return { matches: (text) => set.has(text), literals, size: 0 };
  }
  const set = new Set(literals);
  const matches = (text: string): boolean =>
    set.has(text) || others.some((glob) => globMatches(glob, text));
  return { matches, size: 0 };
}

function isLiteral({ gaps }: Glob): boolean {
  return gaps.length === 0;
}
