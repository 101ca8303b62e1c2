/** Explore in a real browser, over a real Clew: from figures to a box on the heatmap to a trace and back. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { startTestClew, stored, type TestClew } from "../support/clew.ts";
import { launchChromium, withPage } from "./chromium.ts";
import { makeTrace, type SampleSpan, uglyTraces } from "./sample-spans.ts";

const MINUTE_MS = 60_000;

describe("explore", { timeout: 900_000 }, () => {
  let browser: Browser;
  let clew: TestClew;

  async function send(spans: readonly SampleSpan[], agoMs: number): Promise<string> {
    const { traceId, request } = makeTrace(spans, agoMs);
    const response = await fetch(`${clew.otlpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    });
    assert.equal(response.status, 200, await response.text());
    return traceId;
  }

  /** Opens a page for the length of `use`. */
  function onPage(
    path: string,
    use: (page: Page) => Promise<void>,
    options?: BrowserContextOptions,
  ): Promise<void> {
    return withPage(browser, clew.apiUrl + path, use, options);
  }

  /** Drags across an element, from and to given in parts of its size. */
  async function drag(
    page: Page,
    selector: string,
    from: readonly [number, number],
    to: readonly [number, number],
  ): Promise<void> {
    const box = (await page.locator(selector).boundingBox())!;
    const at = ([x, y]: readonly [number, number]) =>
      [box.x + x * box.width, box.y + y * box.height] as const;
    await page.mouse.move(...at(from));
    await page.mouse.down();
    await page.mouse.move(...at(to), { steps: 3 });
    await page.mouse.up();
  }

  const shop = (forMs: number, error?: string): SampleSpan[] => [
    {
      service: "shop",
      name: "GET /items",
      startMs: 0,
      forMs,
      kind: 2,
      attributes: { "cache.hit": forMs < 1000 },
      ...(error && { error }),
    },
    { service: "stock", name: "reserve", of: 0, startMs: 1, forMs: forMs / 2, kind: 2 },
  ];
  let slow: string;

  before(async () => {
    [browser, clew] = await Promise.all([launchChromium(), startTestClew()]);
    for (let minute = 50; minute >= 2; minute -= 2) {
      await send(shop(20), minute * MINUTE_MS);
      await send(shop(30, minute === 20 ? "out of stock" : undefined), minute * MINUTE_MS);
    }
    slow = await send(shop(5000), 30 * MINUTE_MS);
    for (const make of Object.values(uglyTraces)) await send(make(), MINUTE_MS);
    await stored(clew);
  });
  after(async () => {
    await browser?.close();
    await clew?.close();
  });

  test("figures without a question; a box on the heatmap leads to the trace, Back to the box", async () => {
    await onPage("/?service=shop", async (page) => {
      const rate = page.getByRole("region", { name: "Rate" });
      await rate.waitFor();
      assert.match(await rate.innerText(), /Rate\s+5\d\.\d \/h/);
      assert.match(await page.getByRole("region", { name: "Errors" }).innerText(), /2\.0 %/);
      await drag(page, ".heatmap .plot", [0.02, 0.01], [0.98, 0.1]);
      await page
        .getByText(/: 1 call$/)
        .first()
        .waitFor();
      assert.match(page.url(), /[?&]box=\d+\.\d+\.\d+\.\d+/);
      const found = page.locator(".traces-table tbody tr");
      await found.nth(1).waitFor({ state: "detached" });
      await found.getByText("5.00 s").waitFor();
      await found.getByRole("link").click();
      await page.waitForURL(`**/trace/${slow}*`);
      await page.goBack();
      await found.getByText("5.00 s").waitFor();
      await page.keyboard.press("Escape");
      await found.nth(1).waitFor();
      assert.doesNotMatch(page.url(), /box=/);
    });
  });

  test("dragging across a chart zooms, Back comes back, the steps beside the time move it", async () => {
    await onPage("/", async (page) => {
      const rate = '.chart[aria-label="Rate"] .plot';
      await page.locator(rate).waitFor();
      await drag(page, rate, [0.25, 0.5], [0.5, 0.5]);
      await page.waitForURL(/from=\d+&to=\d+/);
      const [from, to] = ["from", "to"].map((name) =>
        Number(new URL(page.url()).searchParams.get(name)),
      ) as [number, number];
      assert.ok(to - from >= 14 * 60 && to - from <= 17 * 60, `${to - from} s`);
      await page.getByRole("button", { name: "Earlier" }).click();
      await page.waitForURL(`**/?from=${from - Math.round((to - from) / 2)}&*`);
      await page.goBack();
      await page.goBack();
      assert.equal(new URL(page.url()).search, "");
      await page.getByText("Last 1 h").click();
      await page.getByLabel("Last", { exact: true }).fill("45m");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/?since=2700");
      await page.getByText("Last 45 min").click();
      await page.getByRole("button", { name: "UTC", exact: true }).click();
      await page.waitForURL("**/?since=2700&time=utc");
    });
  });

  test("breaks down by operation, sorts, and a line is the query for its spans", async () => {
    await onPage("/", async (page) => {
      await page.getByRole("combobox", { name: "By" }).selectOption("operation");
      const lines = page.locator(".groups-table tbody tr");
      await lines.first().waitFor();
      await page.getByRole("link", { name: "p99" }).click();
      await page.waitForURL("**/?by=operation&sort=-p99");
      await lines.filter({ hasText: "GET /items" }).getByRole("link").click();
      await page.getByText('name = "GET /items"').waitFor();
      await page.getByRole("link", { name: /Without name/ }).click();
      assert.equal(await page.getByRole("combobox", { name: "Service" }).inputValue(), "shop");
    });
  });

  test("breaks down by any attribute, told from spans; a value is a condition", async () => {
    await onPage("/?service=shop", async (page) => {
      await page.getByRole("combobox", { name: "By" }).selectOption("an attribute …");
      const field = page.getByLabel("By", { exact: true });
      await field.fill("span.cache hit");
      await page.keyboard.press("Enter");
      await page.getByText("No such field.").waitFor();
      await field.fill("span.cache.hit");
      await page.keyboard.press("Enter");
      await page.waitForURL("**by=span.cache.hit**");
      const lines = page.locator(".groups-table tbody tr");
      await lines.nth(1).waitFor({ timeout: 60_000 });
      assert.match(await lines.first().innerText(), /^true\s+[45]\d\.\d \/h[^]*2\.0 %/);
      const slow = lines.filter({ hasText: "false" });
      // Durations are told from buckets that double.
      assert.match(await slow.innerText(), /[4-8]\.\d\d s/);
      await slow.getByRole("link").click();
      await page.getByRole("link", { name: "Without span.cache.hit = false" }).waitFor();
      await page.locator(".traces-table tbody").getByText("5.00 s").waitFor();
    });
  });

  test("the heatmap by keys alone", async () => {
    await onPage("/?service=shop", async (page) => {
      await page.locator(".heatmap .plot").focus();
      await page.keyboard.press("ArrowLeft");
      for (let i = 0; i < 40; i++) await page.keyboard.press("Shift+ArrowLeft");
      for (let i = 0; i < 40; i++) await page.keyboard.press("Shift+ArrowUp");
      await page.keyboard.press("Enter");
      await page.locator(".traces-table tbody").getByText("5.00 s").waitFor();
    });
  });

  test("lists by service and time, sorts, and offers more where nothing is found", async () => {
    await onPage("/", async (page) => {
      const lines = page.locator(".traces-table tbody tr");
      await lines.first().waitFor();
      await page.getByRole("combobox", { name: "Service" }).selectOption("shop");
      await page.waitForURL("**/?q=*");
      await page.getByRole("link", { name: "Duration" }).click();
      await lines.first().getByText("5.00 s").waitFor();
      await page.goto(`${clew.apiUrl}/?limit=1&sort=-duration&service=shop`);
      await lines.first().getByText("5.00 s").waitFor();
      await page.goto(`${clew.apiUrl}/?service=nobody&since=900`);
      await page.getByText("No trace of nobody in this time").waitFor();
      await page.getByRole("link", { name: "at all services" }).click();
      await lines.first().waitFor();
      assert.equal(new URL(page.url()).search, "?since=900");
      await page.goto(`${clew.apiUrl}/?from=1000000&to=1003600`);
      await page.getByText("No trace in this time").waitFor();
      await page.getByText("Nothing was called in this time").waitFor();
    });
  });

  test("a query: completed from data, underlined where it is wrong, answered with a receipt", async () => {
    await onPage("/", async (page) => {
      await page.getByLabel("Query in TraceQL").click();
      const editor = page.locator(".cm-content");
      await editor.waitFor();
      await page.keyboard.type("{ resource.serv");
      await page.getByRole("option", { name: "service.name", exact: true }).waitFor();
      await page.keyboard.press("Enter");
      await page.keyboard.type(" = sto");
      await page.getByRole("option", { name: '"stock"' }).click();
      await page.keyboard.type(" && staus = error }");
      await page.keyboard.press("Enter");
      await page.getByText("unknown identifier: staus").first().waitFor();
      await page.locator(".cm-lintRange-error", { hasText: /^staus$/ }).waitFor();
      assert.equal(new URL(page.url()).search, "");
      await editor.fill('{ resource.service.name = "shop" && status = error }');
      await page.keyboard.press("Enter");
      await page.waitForURL("**/?q=*");
      await page.getByText(/^1 trace · .* rows read/).waitFor();
      const lines = page.locator(".traces-table tbody tr");
      assert.equal(await lines.count(), 1);
      assert.match(await lines.innerText(), /GET \/items[^]*1 \/ 2/);
      await page.getByRole("link", { name: "Without status = error" }).click();
      await lines.nth(1).waitFor();
      await page.locator(".queries summary").click();
      await page
        .getByRole("link", { name: /status = error \}/ })
        .first()
        .waitFor();
    });
  });

  test("a filter put together by hand is part of the query; a wrong one in a link is explained", async () => {
    await onPage("/", async (page) => {
      await page.getByText("+ Filter").click();
      await page.getByLabel("Field").fill("duration");
      await page.locator(".add-filter select").selectOption(">");
      await page.getByLabel("Value").fill("4s");
      await page.keyboard.press("Enter");
      const lines = page.locator(".traces-table tbody tr");
      await lines.getByText("5.00 s").waitFor();
      assert.equal(new URL(page.url()).searchParams.get("q"), "{ duration > 4s }");
      await page.goto(`${clew.apiUrl}/?q=${encodeURIComponent("{ .a = }")}`);
      await page.getByText("This query cannot be asked").waitFor();
      assert.equal(await page.locator(".query-problem code").innerText(), "}");
      await page.getByRole("link", { name: "Clear" }).click();
      await lines.nth(1).waitFor();
    });
  });

  test("compares the box with the rest; a value is a filter", async () => {
    await onPage("/?service=shop", async (page) => {
      await page.locator(".heatmap .plot").waitFor();
      await drag(page, ".heatmap .plot", [0.02, 0.01], [0.98, 0.1]);
      await page.getByRole("link", { name: "Compare" }).click();
      const code = page.locator(".compared", { hasText: "span.cache.hit" });
      await code.waitFor({ timeout: 60_000 });
      await page.getByText("1 span in the box").waitFor();
      assert.match(await code.innerText(), /^span.cache.hit\s+100 % apart\s+false\s+100 %\s+0 %/);
      await code.getByRole("link", { name: "false" }).click();
      const lines = page.locator(".traces-table tbody tr");
      await lines.nth(1).waitFor({ state: "detached" });
      await lines.getByText("5.00 s").waitFor();
      await page.goto(`${clew.apiUrl}/?compare=1`);
      await page.getByText("Compare what with what?").waitFor();
      await page.getByRole("link", { name: "spans that failed" }).click();
      await page.locator(".compared").first().waitFor({ timeout: 60_000 });
    });
  });

  test("finds traces that come while it looks, unless told not to", async () => {
    await onPage("/?service=late", async (page) => {
      await page.getByText("No trace of late").waitFor();
      await send([{ service: "late", name: "arrival", startMs: 0, forMs: 1 }], 1000);
      await page.getByText("arrival").waitFor({ timeout: 20_000 });
      await page.getByRole("button", { name: "Live" }).click();
      await page.waitForURL("**live=off");
      await page.getByRole("button", { name: "Paused" }).waitFor();
    });
  });

  const paths = [
    "/?limit=20&q={status=error}",
    "/?by=operation&sort=-p99",
    "/?compare=1&q={status=error}",
  ];

  for (const colorScheme of ["light", "dark"] as const) {
    test(`has no barrier that axe knows of, ${colorScheme}`, async () => {
      for (const [width, path] of [400, 1280].flatMap((w) => paths.map((p) => [w, p] as const))) {
        await onPage(
          path,
          async (page) => {
            await page.locator("tbody tr, .compared").first().waitFor({ timeout: 60_000 });
            await page.locator(".heatmap canvas").waitFor();
            await page.locator(".time-picker summary").click();
            const { violations } = await new AxeBuilder({ page }).analyze();
            const serious = violations.filter(({ impact }) => impact !== "minor");
            const found = serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
            assert.deepEqual(found, [], `${path} at ${width}`);
          },
          { colorScheme, viewport: { width, height: 800 } },
        );
      }
    });
  }

  test("nothing is wider than the window, at any width", async () => {
    for (const width of [400, 1280, 1920]) {
      for (const path of paths) {
        await onPage(
          path,
          async (page) => {
            await page.locator("tbody tr, .compared").first().waitFor({ timeout: 60_000 });
            await page.locator(".heatmap canvas").waitFor();
            await page.locator(".time-picker summary").click();
            const tooWide = "document.documentElement.scrollWidth > innerWidth";
            assert.equal(await page.evaluate(tooWide), false, `${path} at ${width}`);
          },
          { viewport: { width, height: 800 } },
        );
      }
    }
  });
});
