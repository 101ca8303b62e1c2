import assert from "node:assert/strict";
import { test } from "node:test";
import { askingTenancy, onlyTenant, tenancy } from "./tenancy.ts";

test("without tenancy every request is of one tenant, whatever it says", () => {
  for (const orgIds of [undefined, "", "a", "a/b", "a|b", ["a", "b"]]) {
    assert.equal(tenancy(false)(orgIds), "single-tenant");
    assert.deepEqual(askingTenancy(false)(orgIds), ["single-tenant"]);
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

test("a question is about every tenant it names, each once, in one order", () => {
  const tenantsOf = askingTenancy(true);
  assert.deepEqual(tenantsOf("team-7"), ["team-7"]);
  for (const orgIds of ["a|b", "b|a", "b|a|b", ["b|a"]]) {
    assert.deepEqual(tenantsOf(orgIds), ["a", "b"], String(orgIds));
  }
});

test("a question that names something else among tenants is refused", () => {
  const tenantsOf = askingTenancy(true);
  for (const none of [undefined, "", [], "|", "a|", "|a", "a||b"]) {
    assert.throws(() => tenantsOf(none), { code: "unauthenticated", message: "no org id" });
  }
  const wrong = { code: "invalid", message: 'tenant ID "b/c" contains unsupported character "/"' };
  assert.throws(() => tenantsOf("a|b/c"), wrong);
  assert.throws(() => tenantsOf("a|.."), { code: "invalid" });
  assert.throws(() => tenantsOf(["a", "b|c"]), { code: "invalid", message: /"a, b"/ });
  const many = Array.from({ length: 101 }, (_, i) => `t${i}`);
  assert.equal(tenantsOf(many.slice(1).join("|")).length, 100);
  assert.throws(() => tenantsOf(many.join("|")), {
    code: "invalid",
    message: "a question is about 100 tenants at most",
  });
});

test("what there is for one tenant is refused to several in Tempo's words", () => {
  assert.equal(onlyTenant(["a"]), "a");
  assert.throws(() => onlyTenant(["a", "b"]), {
    code: "invalid",
    message: "multi-tenant query unsupported",
  });
});
