/** The page of one trace in a real browser: finding, picking out, folding, marking; all in the address. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { drained, postTraces, startTestClew, type TestClew } from "../support/clew.ts";
import { bigTrace } from "../support/big-trace.ts";
import { launchChromium } from "./chromium.ts";
import { checkout, makeTrace, type SampleSpan } from "./sample-spans.ts";

describe("the page of a trace", { timeout: 900_000 }, () => {
  let browser: Browser;
  let clew: TestClew;
  let shop: string;
  let skewed: string;
  let slower: string;

  async function send(spans: readonly SampleSpan[]): Promise<string> {
    const { traceId, request } = makeTrace(spans, 3000);
    const response = await fetch(`${clew.otlpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    });
    assert.equal(response.status, 200, await response.text());
    return traceId;
  }

  async function onPage(path: string, use: (page: Page) => Promise<void>): Promise<void> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    try {
      const wrong: string[] = [];
      page.on("pageerror", (error) => wrong.push(String(error.stack)));
      await page.goto(clew.apiUrl + path);
      await use(page);
      assert.deepEqual(wrong, []);
    } finally {
      await page.close();
    }
  }

  const rows = (page: Page) => page.locator(".waterfall .row");
  const rowCount = async (page: Page): Promise<number> =>
    Number(await page.getByRole("treegrid").getAttribute("aria-rowcount")) - 1;
  const untilRows = async (page: Page, count: number): Promise<void> => {
    await page.locator(`[role=treegrid][aria-rowcount="${count + 1}"]`).waitFor();
  };

  before(async () => {
    browser = await launchChromium();
    clew = await startTestClew();
    shop = await send(checkout());
    // Without its last three spans, and with one that takes 50 ms longer.
    slower = await send(
      checkout()
        .slice(0, -3)
        .map((span) => (span.name === "verify signature" ? { ...span, forMs: 56.5 } : span)),
    );
    skewed = await send([
      { service: "edge", name: "GET /", startMs: 100, forMs: 100, kind: 2 },
      { service: "store", name: "load", of: 0, startMs: 20, forMs: 60, kind: 2 },
    ]);
    await drained(clew);
  });
  after(async () => {
    await browser?.close();
    await clew?.close();
  });

  test("finds spans by name, and goes from one to the next", async () => {
    await onPage(`/trace/${shop}`, async (page) => {
      await rows(page).first().waitFor();
      await page.keyboard.press("/");
      await page.keyboard.type("charge card");
      await page.getByText("2", { exact: true }).first().waitFor();
      await page.keyboard.press("Enter");
      assert.match(await page.locator(".row.cursor").innerText(), /charge card/);
      await page.getByText("1 of 2").waitFor();
      await page.keyboard.press("Enter");
      await page.getByText("2 of 2").waitFor();
      await page.keyboard.press("Shift+Enter");
      await page.getByText("1 of 2").waitFor();
      assert.match(page.url(), /find=charge\+card/);
      assert.equal(await page.locator(".row.found").count(), 2);
    });
  });

  test("picks spans out in TraceQL, dimmed or alone, and says what is wrong", async () => {
    await onPage(`/trace/${shop}`, async (page) => {
      const all = checkout().length;
      await untilRows(page, all);
      const box = page.getByLabel("Filter spans, in TraceQL");
      await box.fill(".db.system.name = `postgresql` && duration > 10ms");
      await page.getByText(/^\d+ matches$/).waitFor();
      assert.equal(await page.locator(".row:not(.dim)").count(), 2);
      await page.getByRole("button", { name: "Only these" }).click();
      // Both queries, and what they are in: 2 + auth 2, inventory 2, and the root.
      await untilRows(page, 7);
      await page.reload();
      await untilRows(page, 7);
      await box.fill("{ duration > }");
      await page
        .getByRole("alert")
        .filter({ hasText: /syntax error/ })
        .waitFor();
      await box.fill("{ parent.resource.service.name = `payment` && kind = producer }");
      await page.getByText("1 match").waitFor();
      await box.fill("");
      await untilRows(page, all);
    });
  });

  test("groups siblings, marks the critical path, folds by rule: the address says it all", async () => {
    await onPage(`/trace/${shop}`, async (page) => {
      const all = checkout().length;
      await untilRows(page, all);
      await page.getByText("Fold", { exact: true }).click();
      await page.getByRole("checkbox", { name: "Equal siblings" }).check();
      await untilRows(page, all - 4);
      await page.getByRole("row", { name: /pg.query:SELECT shop cart ×5/ }).waitFor();
      await page.getByRole("button", { name: "Critical path" }).click();
      await page.getByText("Fold (1)", { exact: true }).click();
      await page.getByRole("checkbox", { name: /payment/ }).check();
      await page.getByText("Fold (2)").waitFor();
      const shown = await rowCount(page);
      assert.ok(shown < all - 4);
      const url = new URL(page.url());
      assert.deepEqual(Object.fromEntries(url.searchParams), {
        fold: "service:payment",
        path: "1",
        group: "1",
      });
      await page.goto(url.href);
      await untilRows(page, shown);
    });
  });

  test("shows one subtree, and comes back", async () => {
    await onPage(`/trace/${shop}`, async (page) => {
      await page.getByRole("row", { name: /POST \/reserve inventory/ }).click();
      await page.getByRole("button", { name: "Only its subtree" }).click();
      await untilRows(page, 5);
      assert.equal(await rows(page).first().getAttribute("aria-level"), "1");
      await page.getByText(/Only POST \/reserve/).waitFor();
      await page.goBack();
      await untilRows(page, checkout().length);
    });
  });

  test("colours by any attribute, and asks about it", async () => {
    await onPage(`/trace/${shop}`, async (page) => {
      await page.getByRole("row", { name: /charge card.*error/ }).click();
      const line = page.locator(".attribute", { hasText: "payment.currency" });
      await line.hover();
      await line.getByLabel("What to do with payment.currency").click();
      const links = line.getByRole("link");
      const hrefs = await links.evaluateAll((all) => all.map((a) => a.getAttribute("href")));
      assert.deepEqual(
        hrefs.map((href) => new URL(href!, "http://x").searchParams.get("q")),
        [
          '{ span.payment.currency = "EUR" }',
          '{ span.payment.currency != "EUR" }',
          "{ span.payment.currency != nil } | by(span.payment.currency)",
        ],
      );
      await line.getByRole("button", { name: "Colour this trace by it" }).click();
      await page.locator(".legend", { hasText: "EUR" }).waitFor();
      assert.match(page.url(), /colour=span.payment.currency/);
      await line.hover();
      await line.getByLabel("What to do with payment.currency").click();
      await line.getByRole("button", { name: "Pick out in this trace" }).click();
      await page.getByText("2 matches").waitFor();
    });
  });

  test("shows what led to errors, and where they began", async () => {
    await onPage(`/trace/${shop}`, async (page) => {
      await rows(page).first().waitFor();
      await page.keyboard.press("x");
      await page.waitForURL(/errors=1/);
      const bright = page.locator(".row:not(.dim)");
      assert.deepEqual(
        (await bright.allInnerTexts()).map((text) => /^[^\n]+/.exec(text)?.[0]),
        ["POST /checkout", "POST /charge", "POST /charge", "charge card"],
      );
      assert.match(await bright.last().innerText(), /origin/);
      await page.getByRole("button", { name: "Only these" }).click();
      await untilRows(page, 4);
      await page.keyboard.press("x");
      await untilRows(page, checkout().length);
    });
  });

  test("spans that arrive while it is looked at show by themselves, and it says so", async () => {
    const late = makeTrace(checkout(), 1000);
    const all = (late.request["resourceSpans"] ?? []) as readonly object[];
    const post = (resourceSpans: readonly object[]): Promise<Response> =>
      fetch(`${clew.otlpUrl}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ resourceSpans }),
      });
    await post(all.slice(1));
    await drained(clew);
    await onPage(`/trace/${late.traceId}`, async (page) => {
      await rows(page).first().waitFor();
      await page.getByText("still arriving").waitFor();
      await post(all.slice(0, 1));
      await untilRows(page, checkout().length);
      await page.getByText("still arriving").waitFor({ state: "detached" });
    });
  });

  test("has Jaeger's keys for those who want them", async () => {
    await onPage(`/trace/${shop}`, async (page) => {
      await rows(page).first().waitFor();
      await page.keyboard.press("?");
      await page.getByRole("checkbox", { name: /Jaeger’s keys/ }).check();
      await page.getByText("A page up or down").waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "hidden" });
      await page.keyboard.press("ArrowUp");
      await page.waitForURL(/zoom=\d+-\d+/);
    });
  });

  test("cuts time in which nothing runs, and says how much", async () => {
    const queued = await send([
      { service: "shop", name: "publish", startMs: 0, forMs: 100, kind: 4 },
      { service: "mail", name: "consume", of: 0, startMs: 60_100, forMs: 100, kind: 5 },
    ]);
    await drained(clew);
    await onPage(`/trace/${queued}`, async (page) => {
      await untilRows(page, 2);
      await page.getByText("Fold", { exact: true }).click();
      await page.getByRole("checkbox", { name: "Time in which nothing runs" }).check();
      await page.getByTitle(/ in which nothing ran/).waitFor();
      assert.match(await page.getByRole("row", { name: /consume/ }).innerText(), /from 1 min/);
      assert.match(page.url(), /gaps=1/);
    });
  });

  test("says that clocks differ, and shows corrected times when asked", async () => {
    await onPage(`/trace/${skewed}`, async (page) => {
      await page.getByText(/do clocks differ\? store by up to 100 ms/).waitFor();
      const load = page.getByRole("row", { name: /load store/ });
      assert.match(await load.innerText(), /from 0 ns/);
      await page.getByRole("button", { name: "Show corrected times" }).click();
      await page.getByText(/Clocks are corrected/).waitFor();
      assert.match(await load.innerText(), /from 20.0 ms/);
      assert.match(page.url(), /clocks=1/);
    });
  });

  test("zooms with keys and by dragging, and the address keeps it", async () => {
    await onPage(`/trace/${shop}`, async (page) => {
      await rows(page).first().waitFor();
      await page.mouse.move(700, 400);
      await page.mouse.down();
      await page.mouse.move(800, 400);
      await page.mouse.move(900, 400);
      await page.mouse.up();
      await page.waitForURL(/zoom=\d+-\d+/);
      const zoom = new URL(page.url()).searchParams.get("zoom");
      assert.equal(await page.getByRole("complementary").count(), 0, "a drag is no click");
      await page.reload();
      await page.getByTitle("Show the whole trace (0)").waitFor();
      assert.equal(new URL(page.url()).searchParams.get("zoom"), zoom);
      await page.keyboard.press("0");
      await page.waitForURL((url) => !url.searchParams.has("zoom"));
      await page.keyboard.press("e");
      await page.keyboard.press("f");
      await page.waitForURL(/zoom=\d+-\d+/);
    });
  });

  test("is looked at in many ways, by keys; each is in the address", async () => {
    await onPage(`/trace/${shop}?span=`, async (page) => {
      await rows(page).first().waitFor();
      await page.keyboard.press("2");
      await page.waitForURL(/view=flame/);
      const flame = page.getByRole("group", { name: /Flame graph by time/ });
      await flame.waitFor();
      const box = (await flame.boundingBox())!;
      // The first lane is the root's; the card says what is under the pointer.
      await page.mouse.move(box.x + 300, box.y + 28 + 10);
      await page.locator(".hover-card", { hasText: "POST /checkout" }).waitFor();
      await page.mouse.click(box.x + 300, box.y + 28 + 10);
      await page
        .getByRole("complementary")
        .getByRole("heading", { name: "POST /checkout" })
        .waitFor();
      await page.keyboard.press("Escape");
      await page.keyboard.press("3");
      await page.getByRole("group", { name: /equal calls merged/ }).waitFor();
      await page.keyboard.press("5");
      const table = page.getByRole("table", { name: "Spans" });
      await table.getByRole("button", { name: "Duration" }).click();
      await page.getByRole("columnheader", { name: "Duration ↓" }).waitFor();
      assert.match(await table.locator(".table-row").first().innerText(), /312 ms/);
      await page.keyboard.press("6");
      const statistics = page.getByRole("table", { name: /Statistics/ });
      assert.match(
        await statistics.locator(".table-row").first().innerText(),
        /api-gateway\s+8\s+1/,
      );
      await page.keyboard.press("7");
      const logs = page.getByRole("table", { name: /Events/ });
      assert.match(await logs.innerText(), /cart validated[^]*request sent[^]*exception/);
      await page.keyboard.press("4");
      await page.getByRole("button", { name: /cart\s*6 spans/ }).click();
      await page.getByText("6 matches").waitFor();
      assert.match(page.url(), /filter=resource.service.name/);
      await page.goBack();
      await page.waitForURL(/view=map/);
    });
  });

  test("is compared with another trace: what only one did, and what took longer", async () => {
    await onPage(`/trace/${shop}`, async (page) => {
      await rows(page).first().waitFor();
      await page.keyboard.press("8");
      const box = page.getByLabel("Compare this trace with another one");
      await box.fill("xyz");
      await page.keyboard.press("Enter");
      await page
        .getByRole("alert")
        .filter({ hasText: /has only the hex digits/ })
        .waitFor();
      await box.fill("12".repeat(16));
      await page.keyboard.press("Enter");
      await page.getByRole("alert").filter({ hasText: "No span of that trace is here" }).waitFor();
      await box.fill(slower);
      await page.keyboard.press("Enter");
      const table = page.getByRole("table", { name: "Paths of calls in both traces" });
      await table.waitFor();
      await table.getByRole("button", { name: "Difference" }).click();
      await page.getByRole("columnheader", { name: "Difference ↓" }).waitFor();
      const changed = table.locator(".table-row", { hasText: "verify signature" });
      assert.match(await changed.innerText(), /6.50 ms[^]*56.5 ms[^]*−50.0 ms/);
      const first = await table.locator(".table-row").first().innerText();
      assert.match(first, /smtp send[^]*only here/);
      assert.match(page.url(), new RegExp(`view=compare&compare=${slower}`));
      await page.reload();
      await table.waitFor();
      await table.locator(".table-row", { hasText: "verify signature" }).click();
      await page.getByRole("complementary").getByRole("heading", { name: "verify" }).waitFor();
      await page.locator(".compare-sides a").click();
      await page.waitForURL(new RegExp(`/trace/${slower}\\?view=compare&compare=${shop}`));
      await table.getByText("only there").first().waitFor();
    });
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`no view has a barrier that axe knows of, ${colorScheme}`, async () => {
      const context = await browser.newContext({
        colorScheme,
        viewport: { width: 1280, height: 900 },
      });
      const page = await context.newPage();
      const found: string[] = [];
      const views = ["waterfall", "flame", "merged", "map", "table", "statistics", "logs"];
      for (const view of [...views, `compare&compare=${slower}`]) {
        await page.goto(`${clew.apiUrl}/trace/${shop}?view=${view}&filter=duration>20ms&path=1`);
        await page.getByText(/^\d+ matches$/).waitFor();
        const { violations } = await new AxeBuilder({ page }).analyze();
        for (const { id, impact, nodes } of violations) {
          if (impact !== "minor") found.push(`${view}: ${id}: ${nodes[0]?.html}`);
        }
      }
      await context.close();
      assert.deepEqual(found, []);
    });
  }

  test("is downloaded in the formats of other tools", async () => {
    await onPage(`/trace/${shop}`, async (page) => {
      await rows(page).first().waitFor();
      for (const [name, what] of [
        ["Jaeger JSON", /^\{"data":\[\{"traceID":/],
        ["Zipkin JSON", /^\[\{"traceId":/],
        ["Perfetto (ui.perfetto.dev)", /^\{"traceEvents":\[/],
        ["speedscope", /speedscope.app/],
      ] as const) {
        await page.getByText("Download", { exact: true }).click();
        const started = page.waitForEvent("download");
        await page.getByRole("button", { name }).click();
        const text = await readFile(await (await started).path(), "utf8");
        assert.match(text, what);
      }
    });
  });

  test("embedded, it is the trace alone", async () => {
    await onPage(`/trace/${shop}?embed=1`, async (page) => {
      await rows(page).first().waitFor();
      assert.equal(await page.getByLabel("Open a trace by its id").count(), 0);
    });
  });

  test("300,000 spans: few rows in the document, and the last one is reached", async () => {
    const big = bigTrace(300_000, Date.now() - 60_000);
    for (const body of big.requests()) assert.equal((await postTraces(clew, body)).status, 200);
    await drained(clew);
    await onPage(`/trace/${big.traceId}`, async (page) => {
      await untilRows(page, 300_000);
      assert.ok((await rows(page).count()) < 80);
      await page.keyboard.press("End");
      const cursor = page.locator(".row.cursor");
      assert.equal(await cursor.getAttribute("aria-rowindex"), "300001");
      await page.keyboard.press("]");
      await untilRows(page, 7);
    });
  });
});
