/** Which attributes there are, from the doors to the answers. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { TagsAnswer, TagValuesAnswer } from "../../src/api/contract.ts";
import { drained, postTraces, startTestClew, type TestClew } from "../support/clew.ts";
import { oracleEncode, type Plain } from "../support/oracle.ts";

const HOUR = 3600;
const nowSeconds = Math.floor(Date.now() / 1000);

const text = (key: string) => ({ key, value: { stringValue: "x" } });

/** Values of every type under one key, the last two of a type that no typed column holds. */
const ofEveryType: readonly Plain[] = [
  { stringValue: "s" },
  { intValue: "7" },
  { doubleValue: 7 },
  { boolValue: true },
  { arrayValue: { values: [{ stringValue: "x" }, { stringValue: "y" }] } },
  { arrayValue: { values: [{ stringValue: "z" }, { intValue: "1" }] } },
];

/** What a map has for a missing key, as values. */
const zeros: readonly Plain[] = [
  { stringValue: "" },
  { intValue: "0" },
  { doubleValue: 0 },
  { boolValue: false },
];

/** Spans of a tenant with one value each, of the span and of an event. */
function valued(values: readonly Plain[]): Plain {
  const startTimeUnixNano = `${nowSeconds - 10}000000000`;
  const spans = values.map((value, i) => ({
    traceId: Buffer.alloc(16, 1 + i),
    spanId: Buffer.alloc(8, 2),
    name: `n${i % 2}`,
    startTimeUnixNano,
    endTimeUnixNano: startTimeUnixNano,
    attributes: [{ key: "v", value }, text(`only.${i}`)],
    events: [{ name: `e${i}`, attributes: [{ key: "v", value }] }],
  }));
  return { resourceSpans: [{ resource: {}, scopeSpans: [{ scope: {}, spans }] }] };
}

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
    await send(valued(ofEveryType), "v");
    await send(valued(zeros), "z");
    await drained(clew);
  });
  after(() => clew.close());

  async function get(where: string, tenant: string): Promise<unknown> {
    const url = `${clew.apiUrl}/api/clew/v1/${where}`;
    const answer = await fetch(url, { headers: { "x-scope-orgid": tenant } });
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.json();
  }
  const ask = async (query: string, tenant = "a"): Promise<TagsAnswer> =>
    (await get(`tags?${query}`, tenant)) as TagsAnswer;
  async function valuesOf(name: string, rest = "", tenant = "v"): Promise<string[]> {
    const where = `tag-values?name=${encodeURIComponent(name)}${rest}`;
    const answer = (await get(where, tenant)) as TagValuesAnswer;
    return answer.values.map(({ type, value }) => `${type} ${value}`);
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

  test("names of the spans that a filter may mean, read from the spans", async () => {
    const among = async (q: string, scope = "span"): Promise<readonly string[]> => {
      const query = `scope=${scope}&q=${encodeURIComponent(q)}`;
      return names(await ask(query, "v"))[scope] ?? [];
    };
    const everything = ["only.0", "only.1", "only.2", "only.3", "only.4", "only.5", "v"];
    assert.deepEqual(await among(""), everything);
    assert.deepEqual(await among(`{ name = "n1" }`), ["only.1", "only.3", "only.5", "v"]);
    assert.deepEqual(await among(`{ name = "n1" && span.v = `), [
      "only.1",
      "only.3",
      "only.5",
      "v",
    ]);
    assert.deepEqual(await among(`{ span.v = 7 }`), ["only.1", "only.2", "only.4", "only.5", "v"]);
    assert.deepEqual(await among(`{ event:name = "e5" }`, "event"), ["v"]);
    assert.deepEqual(await among(`{ event:name = "e6" }`, "event"), []);
    assert.deepEqual(names(await ask(`q=${encodeURIComponent("{ kind = internal }")}`)), {});
    const q = encodeURIComponent(`{ span:name = "" }`);
    assert.deepEqual(names(await ask(`q=${q}`)), names(await ask("")));
  });

  test("values of a field, by type, of arrays each item", async () => {
    const all = ["int 7", "float 7", "string s", "string x", "string y", "bool true"];
    const sorted = all.toSorted();
    assert.deepEqual((await valuesOf("span.v")).sort(), sorted);
    assert.deepEqual((await valuesOf(".v")).sort(), sorted);
    assert.deepEqual((await valuesOf("event.v")).sort(), sorted);
    assert.deepEqual(await valuesOf("resource.v"), []);
    assert.deepEqual(await valuesOf("resource.service.name"), ["string unknown_service"]);
    assert.deepEqual(await valuesOf("name"), ["string n0", "string n1"]);
    assert.deepEqual(await valuesOf("event:name", "&limit=2"), ["string e0", "string e1"]);
    const q = encodeURIComponent(`{ name = "n1" && `);
    assert.deepEqual((await valuesOf("span.v", `&q=${q}`)).sort(), ["bool true", "int 7"]);
    assert.deepEqual(await valuesOf("span:id"), []);
    const ofZeros = (await valuesOf("span.v", "", "z")).sort();
    assert.deepEqual(ofZeros, ["bool false", "float 0", "int 0", "string "]);
  });

  test("what makes no sense is refused", async () => {
    const cases = [
      ["scope=sapn", "is not some of resource, span, instrumentation, event, link"],
      ["from=5&to=5", "from is not before to"],
      ["to=5", "to needs a from"],
      ["since=5&from=1", "since cannot be with from or to"],
      ["limit=0", "is not a whole number from 1 to 100000"],
      ["nonsense=1", "there is no parameter"],
      ["name=span.", "unexpected", "tag-values"],
    ] as const;
    for (const [query, problem, where = "tags"] of cases) {
      const url = `${clew.apiUrl}/api/clew/v1/${where}?${query}`;
      const answer = await fetch(url, { headers: { "x-scope-orgid": "a" } });
      assert.equal(answer.status, 400, query);
      assert.ok((await answer.text()).includes(problem), query);
    }
  });
});
