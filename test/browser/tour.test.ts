/** The walk of docs/tour.md, over traces like those of the demo shop. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { startTestClew, stored, type TestClew } from "../support/clew.ts";
import { launchChromium } from "./chromium.ts";
import { makeTrace, type SampleSpan } from "./sample-spans.ts";
import { walkTour } from "./tour.ts";

const [SERVER, CLIENT] = [2, 3];
const CLICKS = 10;

/** A checkout of the shop, whose stock takes so long to look up; perhaps the bank does not answer. */
function checkout(queryMs: number, bankIsSilent = false): SampleSpan[] {
  const error = bankIsSilent ? { error: "the bank did not answer within 743 ms" } : {};
  const query = "SELECT count(*), pg_sleep($1) FROM stock";
  const paidMs = queryMs + 20;
  const payMs = bankIsSilent ? 760 : 90;
  return [
    {
      service: "api-gateway",
      name: "POST /checkout",
      startMs: 0,
      forMs: paidMs + payMs + 5,
      kind: SERVER,
      ...error,
    },
    { service: "inventory", name: "GET /products", of: 0, startMs: 5, forMs: queryMs + 9, kind: 2 },
    {
      service: "inventory",
      name: "pg.query:SELECT postgres",
      of: 1,
      startMs: 7,
      forMs: queryMs,
      kind: CLIENT,
      attributes: { "db.system.name": "postgresql", "db.query.text": query },
    },
    {
      service: "payment",
      name: "POST /payments",
      of: 0,
      startMs: paidMs,
      forMs: payMs,
      kind: SERVER,
      ...error,
    },
  ];
}

describe("the tour", { timeout: 900_000 }, () => {
  let browser: Browser;
  let clew: TestClew;

  before(async () => {
    [browser, clew] = await Promise.all([launchChromium(), startTestClew()]);
    for (let i = 0; i < 24; i++) {
      // Every third request only looks at the products.
      const all = checkout(i % 8 === 0 ? 570 : 3, i % 6 === 1);
      const spans = i % 3 === 2 ? all.slice(0, 3) : all;
      const { request } = makeTrace(spans, i * 20_000 + 5000);
      const answer = await fetch(`${clew.otlpUrl}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(request),
      });
      assert.equal(answer.status, 200);
    }
    await stored(clew);
  });
  after(async () => {
    await browser?.close();
    await clew?.close();
  });

  test(`finds the slow query and the silent bank in under ${CLICKS} clicks`, async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    const found = await walkTour(page, { url: clew.apiUrl });
    assert.ok(found.clicks < CLICKS, `${found.clicks} clicks`);
    assert.match(found.slow, /inventory[^]*570 ms[^]*pg_sleep/);
    assert.equal(found.service, "payment");
    assert.match(found.error, /the bank did not answer within … ms/);
    assert.match(found.failed, /the bank did not answer within 743 ms/);
    await page.close();
  });
});
