/** Errors and versions of services, from the doors to the answers. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ErrorsAnswer, VersionsAnswer } from "../../src/api/contract.ts";
import { templateMessage } from "../../src/model/message-template.ts";
import { drained, postTraces, startTestClew, type TestClew } from "../support/clew.ts";
import { oracleEncode, type Plain, printedSeed } from "../support/oracle.ts";
import { seededRandom } from "../support/seeded-random.ts";

const NANO = 1_000_000_000n;
const AGO_SECONDS = 7200;

interface SentSpan {
  readonly service: string;
  readonly version: string;
  readonly name: string;
  readonly agoSeconds: number;
  readonly isError: boolean;
  /** How it says why. */
  readonly by: "exception" | "status" | "attribute" | "nothing";
  readonly type: string;
  readonly message: string;
  readonly weight: number;
}

/** Two exceptions of one span: only the last counts. */
function eventsOf({ by, type, message }: SentSpan): Plain[] {
  if (by !== "exception") return [];
  const event = (type: string, message: string): Plain => ({
    name: "exception",
    attributes: [text("exception.type", type), text("exception.message", message)],
  });
  return [event("Retried", "first try"), event(type, message), { name: "retry", attributes: [] }];
}

const text = (key: string, value: string): Plain => ({ key, value: { stringValue: value } });

function encode(spans: readonly SentSpan[], nowSeconds: number): Uint8Array {
  const resourceSpans = spans.map((span, i): Plain => {
    const startNano = BigInt(nowSeconds - span.agoSeconds) * NANO;
    const id = (i + 1).toString(16).padStart(16, "0");
    return {
      resource: {
        attributes: [
          ...(span.service === "" ? [] : [text("service.name", span.service)]),
          ...(span.version === "" ? [] : [text("service.version", span.version)]),
        ],
      },
      scopeSpans: [
        {
          spans: [
            {
              traceId: Buffer.from(id.padStart(32, "0"), "hex"),
              spanId: Buffer.from(id, "hex"),
              name: span.name,
              traceState: span.weight === 4 ? "ot=th:c" : "",
              startTimeUnixNano: String(startNano),
              endTimeUnixNano: String(startNano + 1000n),
              status: {
                code: span.isError ? 2 : 0,
                message: span.by === "status" ? span.message : "",
              },
              attributes: span.by === "attribute" ? [text("error.type", span.type)] : [],
              events: eventsOf(span),
            },
          ],
        },
      ],
    };
  });
  return oracleEncode("TracesData", { resourceSpans });
}

/** Spans of two services that fail in several ways. */
function makeSpans(random: () => number): SentSpan[] {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const number = (): number => Math.floor(random() * 1e6);
  return Array.from({ length: 1500 }, (): SentSpan => {
    const agoSeconds = Math.floor(random() * AGO_SECONDS);
    const messages = [
      `order ${number()} not found\n    at find (/app/find.js:${number()}:1)`,
      `can't reach '10.0.0.${number()}'`,
      `token ${number().toString(16)}a1b2c3d4e5f6 has expired after ${number()} ms`,
      'größer als "erlaubt"',
    ];
    return {
      service: pick(["shop", "shop", "cart", ""]),
      // The new version came 20 minutes ago, and a little later it was taken back.
      version: agoSeconds < 1200 && agoSeconds > 600 ? "2.0" : "1.0",
      name: pick(["GET /", "POST /order"]),
      agoSeconds,
      isError: random() < 0.5,
      by: pick(["exception", "exception", "status", "attribute", "nothing"]),
      type: pick(["TypeError", "java.lang.IllegalStateException"]),
      message: pick(messages),
      weight: random() < 0.1 ? 4 : 1,
    };
  });
}

/** What the answer has to call the group of a span. */
function groupOf({ by, type, message }: SentSpan): readonly [type: string, template: string] {
  return [
    by === "exception" || by === "attribute" ? type : "",
    by === "exception" || by === "status" ? templateMessage(message) : "",
  ];
}

describe("errors and versions of services", () => {
  let clew: TestClew;
  let spans: SentSpan[];
  let nowSeconds: number;
  before(async () => {
    clew = await startTestClew();
    nowSeconds = Math.floor(Date.now() / 1000);
    spans = makeSpans(seededRandom(printedSeed("service history")));
    const body = encode(spans, nowSeconds);
    // The same spans once more, in other bytes: they count once.
    const again = encode(
      [...spans, { ...spans[0]!, service: "other", isError: false }],
      nowSeconds,
    );
    for (const sent of [body, again]) assert.equal((await postTraces(clew, sent)).status, 200);
    await drained(clew);
  });
  after(() => clew.close());

  const ask = async <Answer>(path: string): Promise<Answer> => {
    const answer = await fetch(`${clew.apiUrl}/api/clew/v1/${path}`);
    assert.equal(answer.status, 200, await answer.clone().text());
    return (await answer.json()) as Answer;
  };

  for (const service of ["shop", "unknown_service", undefined]) {
    test(`errors of ${service ?? "all services"}`, async () => {
      const range = `start=${nowSeconds - AGO_SECONDS}&end=${nowSeconds + 1}`;
      const of = service === undefined ? "" : `&service=${service}`;
      const answer = await ask<ErrorsAnswer>(`errors?${range}${of}&limit=1000`);
      const wanted = new Map<string, SentSpan[]>();
      for (const span of spans) {
        const sentBy = span.service || "unknown_service";
        if (!span.isError || (service !== undefined && sentBy !== service)) continue;
        const key = JSON.stringify([sentBy, ...groupOf(span)]);
        wanted.set(key, [...(wanted.get(key) ?? []), span]);
      }
      const weigh = (list: readonly SentSpan[]) =>
        list.reduce((sum, { weight }) => sum + weight, 0);
      assert.equal(answer.groupCount, wanted.size);
      assert.deepEqual(
        Object.fromEntries(
          answer.groups.map((group) => [
            JSON.stringify([group.service, group.type, group.template]),
            group.spans,
          ]),
        ),
        Object.fromEntries([...wanted].map(([key, list]) => [key, weigh(list)])),
      );
      for (const group of answer.groups) {
        const list = wanted.get(JSON.stringify([group.service, group.type, group.template]))!;
        const starts = list.map(({ agoSeconds }) => nowSeconds - agoSeconds);
        assert.equal(group.firstSeconds, Math.min(...starts));
        assert.equal(group.lastSeconds, Math.max(...starts));
        for (const [i, time] of answer.times.entries()) {
          const within = list.filter(({ agoSeconds }) => {
            const start = nowSeconds - agoSeconds;
            return start >= time && start < time + answer.stepSeconds;
          });
          assert.equal(group.counts[i], weigh(within), `${group.template} in step ${i}`);
        }
        const sample = spans[Number.parseInt(group.sample.spanId, 16) - 1]!;
        assert.deepEqual([...groupOf(sample)], [group.type, group.template]);
        assert.equal(nowSeconds - sample.agoSeconds, group.sample.startSeconds);
        if (sample.by === "exception") assert.equal(group.sample.message, sample.message);
        assert.ok(group.names.includes(sample.name));
      }
    });
  }

  test("versions: when each came, and whether it is new", async () => {
    const { versions } = await ask<VersionsAnswer>("versions?service=shop&since=1500");
    const starts = (version: string) =>
      spans
        .filter((span) => span.service === "shop" && span.version === version)
        .map(({ agoSeconds }) => nowSeconds - agoSeconds);
    assert.deepEqual(
      versions.map(({ version, isNew }) => [version, isNew]),
      [
        ["1.0", false],
        ["2.0", true],
      ],
    );
    assert.equal(versions[0]!.lastSeconds, Math.max(...starts("1.0")));
    assert.equal(versions[1]!.firstSeconds, Math.min(...starts("2.0")));
    assert.deepEqual(await ask("versions?service=nobody"), { versions: [] });
  });

  const refused: [question: string, message: RegExp][] = [
    ["versions", /service: undefined is missing/],
    ["errors?limit=0", /limit: "0" is not a whole number from 1 to 1000/],
    ["errors?start=20&end=10", /start 20 is not before end 10/],
    ["errors?of=shop", /there is no parameter "of"/],
  ];
  for (const [question, message] of refused) {
    test(`refuses ${question}`, async () => {
      const answer = await fetch(`${clew.apiUrl}/api/clew/v1/${question}`);
      const { error } = (await answer.json()) as { error: { code: string; message: string } };
      assert.deepEqual([answer.status, error.code], [400, "invalid"]);
      assert.match(error.message, message);
    });
  }
});
