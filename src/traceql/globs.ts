/**
 * The regular expressions that need no engine. Most patterns in practice are a text, a beginning, an
 * end, a part, or several of these: `a|b`, `/api/.*`, `.*timeout.*`. They are alternatives of pieces
 * of text with gaps between, and finding those is a matter of `indexOf`.
 */

/** One alternative: pieces in this order and nothing else, with `gaps[i]` between piece i and i + 1. */
export interface Glob {
  /** At least one; the first and the last may be empty. */
  readonly pieces: readonly string[];
  /** The fewest characters between two pieces: 0 for `.*`, 1 for `.+`. */
  readonly gaps: readonly (0 | 1)[];
}

/** Characters that mean something in a pattern; `{`, `]` and `}` do so only here and there, but that
 * is not for here to tell. */
const special = /[\\.+*?()|[\]{}^$]/;

/** The globs whose union is what `pattern` matches in full, a dot matching every character; undefined
 * for patterns that are (or might be) more than that. */
export function globsOf(pattern: string): Glob[] | undefined {
  // The text must not begin or end within a character that is two code units.
  if (!pattern.isWellFormed()) return undefined;
  // A group or anchors around the whole change nothing: matching is in full anyway.
  const inner = /^\^?\((?:\?:)?([^()]*)\)\$?$/.exec(pattern)?.[1] ?? pattern;
  const globs: Glob[] = [];
  for (const alternative of alternatives(inner)) {
    const glob = globOf(alternative);
    if (glob === undefined) return undefined;
    globs.push(glob);
  }
  return globs;
}

/** The parts between the `|` that are not escaped. (In brackets there may be others, but then there
 * are brackets, and no globs.) */
function alternatives(pattern: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < pattern.length; at++) {
    if (pattern[at] === "\\") at++;
    else if (pattern[at] === "|") {
      parts.push(pattern.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, pattern.slice(start)];
}

function globOf(alternative: string): Glob | undefined {
  const pieces: string[] = [];
  const gaps: (0 | 1)[] = [];
  let piece = "";
  let at = alternative.startsWith("^") ? 1 : 0;
  while (at < alternative.length) {
    const char = alternative[at]!;
    if (char === "$" && at === alternative.length - 1) break;
    if (char === ".") {
      const gap = gapAt(alternative, at);
      // Two characters at least would have to be counted in code points.
      const isCounted = piece === "" && gap === 1 && gaps.at(-1) === 1;
      if (gap === undefined || isCounted) return undefined;
      if (piece === "" && gaps.length > 0) gaps.push(Math.max(gap, gaps.pop()!) as 0 | 1);
      else {
        pieces.push(piece);
        gaps.push(gap);
      }
      piece = "";
      at += 2;
    } else if (char === "\\") {
      const escaped = alternative[at + 1] ?? "";
      // Only punctuation stands for itself.
      if (!/[!-/:-@[-`{-~]/.test(escaped)) return undefined;
      piece += escaped;
      at += 2;
    } else {
      if (special.test(char)) return undefined;
      piece += char;
      at++;
    }
  }
  return { pieces: [...pieces, piece], gaps };
}

/** The gap of `.*` or `.+` at `at`; undefined for a dot that is neither, or more. */
function gapAt(pattern: string, at: number): 0 | 1 | undefined {
  if (/[?*+{]/.test(pattern[at + 2] ?? "")) return undefined;
  if (pattern[at + 1] === "*") return 0;
  return pattern[at + 1] === "+" ? 1 : undefined;
}

/** Whether the glob is all of `text`. */
export function globMatches({ pieces, gaps }: Glob, text: string): boolean {
  const first = pieces[0]!;
  if (gaps.length === 0) return text === first;
  if (!text.startsWith(first)) return false;
  const last = pieces.at(-1)!;
  let at = first.length;
  for (let i = 1; i < pieces.length - 1; i++) {
    // The leftmost place leaves most room for the rest.
    const found = text.indexOf(pieces[i]!, at + gaps[i - 1]!);
    if (found === -1) return false;
    at = found + pieces[i]!.length;
  }
  return text.length - last.length >= at + gaps.at(-1)! && text.endsWith(last);
}
