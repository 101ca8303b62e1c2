import assert from "node:assert/strict";
import { test } from "node:test";
import { briefTable } from "../../test/support/brief-table.ts";
import type { BriefSpan } from "../../test/support/brief-trace.ts";
import { errorPath } from "./error-path.ts";

test("errorPath: from the root to where failures began, through what did not fail itself", () => {
  const spans: BriefSpan[] = [
    { id: "root", start: 0, duration: 100, status: "error" },
    { id: "fine", of: "root", start: 1 },
    { id: "call", of: "root", start: 2, duration: 50 },
    { id: "server", of: "call", start: 3, status: "error" },
    { id: "query", of: "server", start: 4, status: "error" },
    { id: "row", of: "query", start: 5 },
    { id: "late", of: "root", start: 60, status: "error" },
  ];
  const table = briefTable(spans);
  const { onPath, isOrigin, origins } = errorPath(table);
  const named = (flags: Uint8Array): string[] =>
    Array.from(flags.keys())
      .filter((row) => flags[row] === 1)
      .map((row) => table.texts[table.name[row]!]!);
  assert.deepEqual(named(onPath), ["root", "call", "server", "query", "late"]);
  assert.deepEqual(named(isOrigin), ["query", "late"]);
  assert.equal(origins, 2);
});

test("errorPath: nothing failed", () => {
  assert.equal(errorPath(briefTable([{ id: "a" }])).origins, 0);
});
