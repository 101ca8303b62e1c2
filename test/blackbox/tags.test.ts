/** Which attributes there are, from the doors to the answers. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { TagsAnswer } from "../../src/api/contract.ts";
import { drained, postTraces, startTestClew, type TestClew } from "../support/clew.ts";
import { oracleEncode, type Plain } from "../support/oracle.ts";

const HOUR = 3600;
const nowSeconds = Math.floor(Date.now() / 1000);

const text = (key: string) => ({ key, value: { stringValue: "x" } });

/** One span `ago` seconds ago, with attributes of every kind. */
function traces(ago: number, suffix: string): Plain {
  const startTimeUnixNano = `${nowSeconds - ago}000000000`;
  const array = { arrayValue: { values: [{ stringValue: "x" }, { intValue: "1" }] } };
  const span = {
    traceId: Buffer.alloc(16, 1 + ago),
    spanId: Buffer.alloc(8, 2),
    startTimeUnixNano,
    endTimeUnixNano: startTimeUnixNano,
    attributes: [text("http.route"), text(`own.${suffix}`), { key: "mixed", value: array }],
    events: [{ name: "e", attributes: [text(`event.${suffix}`)] }],
    links: [{ traceId: Buffer.alloc(16, 9), spanId: Buffer.alloc(8, 9), attributes: [text("l")] }],
  };
  const scope = { name: "lib", attributes: [text("scope.key")] };
  const resource = { attributes: [text("service.name"), { key: "nothing", value: {} }] };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope, spans: [span] }] }] };
}

describe("tags", () => {
  let clew: TestClew;
  before(async () => {
    clew = await startTestClew({ tenancy: { enabled: true } });
    const send = (body: Plain, tenant: string): Promise<Response> =>
      postTraces(clew, oracleEncode("TracesData", body), { "x-scope-orgid": tenant });
    await send(traces(10, "new"), "a");
    await send(traces(5 * HOUR, "old"), "a");
    await send(traces(10, "other"), "b");
    await drained(clew);
  });
  after(() => clew.close());

  async function ask(query: string, tenant = "a"): Promise<TagsAnswer> {
    const url = `${clew.apiUrl}/api/clew/v1/tags?${query}`;
    const answer = await fetch(url, { headers: { "x-scope-orgid": tenant } });
    assert.equal(answer.status, 200, await answer.clone().text());
    return (await answer.json()) as TagsAnswer;
  }
  const names = ({ scopes }: TagsAnswer) =>
    Object.fromEntries(scopes.map(({ name, tags }) => [name, tags]));

  test("all names of a tenant, by scope", async () => {
    const { receipt, ...answer } = await ask("");
    assert.deepEqual(names({ receipt, ...answer }), {
      resource: ["nothing", "service.name"],
      span: ["http.route", "mixed", "own.new", "own.old"],
      instrumentation: ["scope.key"],
      event: ["event.new", "event.old"],
      link: ["l"],
    });
    assert.equal(receipt.complete, true);
    assert.ok(receipt.rowsRead > 0 && receipt.bytesRead > 0);
  });

  test("those of a time, of some scopes, the first few", async () => {
    const recent = names(await ask(`since=${HOUR}&scope=span,event`));
    assert.deepEqual(recent, {
      span: ["http.route", "mixed", "own.new"],
      event: ["event.new"],
    });
    const [from, to] = [nowSeconds - 6 * HOUR, nowSeconds - 4 * HOUR];
    assert.deepEqual(names(await ask(`from=${from}&to=${to}&scope=event`)), {
      event: ["event.old"],
    });
    assert.deepEqual(names(await ask(`scope=span&limit=2`)), { span: ["http.route", "mixed"] });
    assert.deepEqual(names(await ask(`from=1&to=2`)), {});
  });

  test("nobody sees another's", async () => {
    assert.deepEqual(names(await ask("scope=event", "b")), { event: ["event.other"] });
    assert.deepEqual(names(await ask("", "c")), {});
  });

  test("what makes no sense is refused", async () => {
    const cases = [
      ["scope=sapn", "is not some of resource, span, instrumentation, event, link"],
      ["from=5&to=5", "from is not before to"],
      ["to=5", "to needs a from"],
      ["since=5&from=1", "since cannot be with from or to"],
      ["limit=0", "is not a whole number from 1 to 100000"],
      ["nonsense=1", "there is no parameter"],
    ] as const;
    for (const [query, problem] of cases) {
      const url = `${clew.apiUrl}/api/clew/v1/tags?${query}`;
      const answer = await fetch(url, { headers: { "x-scope-orgid": "a" } });
      assert.equal(answer.status, 400, query);
      assert.ok((await answer.text()).includes(problem), query);
    }
  });
});
