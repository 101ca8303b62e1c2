/**
 * About how many instructions the engine makes of a pattern: one a character or class, and as many times
 * as they are repeated. `a{1000}` is short and large, and what is large is slow to compile and slow to
 * match. Wrong patterns have a size, too; the engine refuses them.
 */
export function regexSize(pattern: string): number {
  /** Sizes of the open groups without their last atom, and of that atom. */
  const groups: { size: number; last: number }[] = [{ size: 0, last: 0 }];
  let at = 0;
  while (at < pattern.length) {
    const group = groups.at(-1)!;
    const char = pattern[at]!;
    const repeat = repeatAt(pattern, at);
    let next = at + 1;
    if (char === "(") groups.push({ size: 0, last: 0 });
    else if (char === ")" && groups.length > 1) {
      groups.pop();
      add(groups.at(-1)!, group.size + group.last + 2);
    } else if (repeat !== undefined) {
      group.last *= repeat.times;
      next = repeat.to;
    } else if (pattern.startsWith("\\Q", at)) {
      const end = pattern.indexOf("\\E", at + 2);
      next = end === -1 ? pattern.length : end + 2;
      add(group, next - at);
    } else {
      next = char === "[" ? classEnd(pattern, at) : at + (char === "\\" ? 2 : 1);
      add(group, 1);
    }
    at = next;
  }
  return groups.reduce((sum, { size, last }) => sum + size + last, 0);
}

function add(group: { size: number; last: number }, atom: number): void {
  group.size += group.last;
  group.last = atom;
}

/** `{n}`, `{n,}` or `{n,m}` at `at`, at least once; the end of a repetition without one counts as 1. */
function repeatAt(pattern: string, at: number): { times: number; to: number } | undefined {
  if (pattern[at] !== "{") return undefined;
  const repeat = /\{(\d+)(?:,(\d*))?\}/y;
  repeat.lastIndex = at;
  const match = repeat.exec(pattern);
  if (match === null) return undefined;
  const times = Math.max(Number(match[1]) + (match[2] === "" ? 1 : 0), Number(match[2] ?? 0), 1);
  return { times, to: repeat.lastIndex };
}

/** Where the class that starts at `at` ends. */
function classEnd(pattern: string, at: number): number {
  const whole = /\[\^?\]?(?:\[:\^?\w+:\]|\\[^]|[^\]\\])*\]?/y;
  whole.lastIndex = at;
  whole.exec(pattern);
  return whole.lastIndex;
}
