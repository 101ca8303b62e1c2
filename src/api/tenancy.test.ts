import assert from "node:assert/strict";
import { test } from "node:test";
import { askingTenancy, tenancy } from "./tenancy.ts";

test("without tenancy every request is of one tenant, whatever it says", () => {
  for (const orgIds of [undefined, "", "a", "a/b", "a|b", ["a", "b"]]) {
    assert.equal(tenancy(false)(orgIds), "single-tenant");
    assert.equal(askingTenancy(false)(orgIds), "single-tenant");
  }
});

test("with tenancy a request belongs to the tenant it names, and must name one", () => {
  const tenantOf = tenancy(true);
  assert.equal(tenantOf("team-7"), "team-7");
  assert.equal(tenantOf(["team-7"]), "team-7");
  const unknown = { code: "unauthenticated", message: "no org id" };
  for (const none of [undefined, "", []]) assert.throws(() => tenantOf(none), unknown);
  assert.throws(() => tenantOf("a/b"), { code: "invalid", message: /unsupported character "\/"/ });
  assert.throws(() => tenantOf(["a", "b"]), { code: "invalid" });
  assert.throws(() => tenantOf("a|b"), { code: "invalid", message: /unsupported character "\|"/ });
});

test("a question to several tenants is refused in Tempo's words", () => {
  const tenantOf = askingTenancy(true);
  assert.equal(tenantOf("team-7"), "team-7");
  assert.throws(() => tenantOf("a|b"), {
    code: "invalid",
    message: "multi-tenant query unsupported",
  });
});
