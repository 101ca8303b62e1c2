/** `<clew-trace>` in a page of another origin. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { drained, startTestClew, type TestClew } from "../support/clew.ts";
import { launchChromium } from "./chromium.ts";
import { checkout, makeTrace } from "./sample-spans.ts";

describe("<clew-trace>", { timeout: 900_000 }, () => {
  let browser: Browser;
  let clew: TestClew;
  let other: Server;
  let origin: string;
  const { traceId, request } = makeTrace(checkout(), 3000);

  before(async () => {
    browser = await launchChromium();
    other = createServer((_, answer) => {
      answer.setHeader("content-type", "text/html");
      answer.end(`<!doctype html><title>Runbook</title>
        <script src="${clew.apiUrl}/clew-trace.js"></script>
        <clew-trace trace-id="${traceId}" view="table" theme="dark"></clew-trace>`);
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    clew = await startTestClew({ http: { port: 0, embedOrigins: [origin] } });
    const sent = await fetch(`${clew.otlpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    });
    assert.equal(sent.status, 200);
    await drained(clew);
  });
  after(async () => {
    await browser?.close();
    await clew?.close();
    other?.close();
  });

  test("shows the trace as its attributes say, and tells which span is chosen", async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(origin);
    const frame = page.frameLocator("clew-trace iframe");
    await frame.getByRole("table", { name: "Spans" }).waitFor();
    assert.equal(await frame.getByLabel("Open a trace by its id").count(), 0);
    assert.equal(await frame.locator("html").getAttribute("data-theme"), "dark");
    const told = page.evaluate(
      () =>
        new Promise((resolve) => {
          document.addEventListener("clew-select", (event) => {
            const { detail } = event as CustomEvent<{ traceId: string; span: string }>;
            if (detail.span !== "") resolve(detail);
          });
        }),
    );
    await frame.locator(".table-row").first().click();
    const { traceId: of, span } = (await told) as { traceId: string; span: string };
    assert.equal(of, traceId);
    assert.match(span, /^[0-9a-f]{16}$/);
    await page.locator("clew-trace").evaluate((element) => element.setAttribute("view", "flame"));
    await frame.getByRole("group", { name: /Flame graph by time/ }).waitFor();
    await page.close();
  });

  test("no other page may show it", async () => {
    const answer = await fetch(`${clew.apiUrl}/trace/${traceId}`);
    const policy = answer.headers.get("content-security-policy") ?? "";
    assert.match(policy, new RegExp(`frame-ancestors 'self' ${origin}$`));
  });
});
