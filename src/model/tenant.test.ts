import assert from "node:assert/strict";
import { test } from "node:test";
import { SINGLE_TENANT, tenantProblem } from "./tenant.ts";

const cases: [tenant: string, problem: RegExp | undefined][] = [
  [SINGLE_TENANT, undefined],
  ["Team-7_a.b!*'()", undefined],
  ["x".repeat(150), undefined],
  ["x".repeat(151), /too long: max 150/],
  ["", /^no org id$/],
  [".", /'\.' or '\.\.'/],
  ["..", /'\.' or '\.\.'/],
  ["...", undefined],
  ["a|b", /unsupported character "\|"/],
  ["a/b", /"a\/b" contains unsupported character "\/"/],
  ["a b", /unsupported character " "/],
  ["tenänt", /unsupported character "ä"/],
  ["a\n", /unsupported character "\\n"/],
];
for (const [tenant, problem] of cases) {
  test(`tenantProblem: ${JSON.stringify(tenant.slice(0, 20))}, ${tenant.length} long`, () => {
    if (problem === undefined) assert.equal(tenantProblem(tenant), undefined);
    else assert.match(tenantProblem(tenant)!, problem);
  });
}
