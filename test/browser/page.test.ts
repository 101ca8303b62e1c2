/** The page in a real browser, over a real Clew. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { startTestClew, type TestClew } from "../support/clew.ts";
import { launchChromium, withPage } from "./chromium.ts";
import { checkout, makeTrace, manySpans, uglyTraces, type SampleSpan } from "./sample-spans.ts";

describe("the page", { timeout: 900_000 }, () => {
  let browser: Browser;
  let clew: TestClew;
  let empty: TestClew;
  let shop: string;

  /** Sends a trace over OTLP/JSON; gives back its id. */
  async function send(to: TestClew, spans: readonly SampleSpan[], agoMs = 3000) {
    const { traceId, request } = makeTrace(spans, agoMs);
    const response = await fetch(`${to.otlpUrl}/v1/traces`, {
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
    options: BrowserContextOptions = {},
    at = clew,
  ): Promise<void> {
    const permissions = ["clipboard-read", "clipboard-write"];
    return withPage(browser, at.apiUrl + path, use, { permissions, ...options });
  }

  before(async () => {
    browser = await launchChromium();
    [clew, empty] = await Promise.all([startTestClew(), startTestClew()]);
    await send(clew, [{ service: "cron", name: "tick", startMs: 0, forMs: 2 }], 7_200_000);
    for (const make of Object.values(uglyTraces)) await send(clew, make(), 60_000);
    shop = await send(clew, checkout());
  });
  after(async () => {
    await browser?.close();
    await clew?.close();
    await empty?.close();
  });

  test("opens, picks a trace, picks a span, reads an attribute", async () => {
    await onPage("/", async (page) => {
      const line = page.locator(".traces-table tbody tr", { hasText: "POST /checkout" });
      await line.getByText("api-gateway").first().click();
      await page.waitForURL(`**/trace/${shop}*`);
      await page.getByRole("row", { name: /charge card.*payment.*error/ }).click();
      const drawer = page.getByRole("complementary");
      await drawer.getByText("payment.amount").waitFor();
      const amount = drawer.locator(".attribute", { hasText: "payment.amount" });
      assert.match(await amount.innerText(), /double\s+84\.5/);
      assert.match(await drawer.locator("pre").innerText(), /^CardDeclinedError.*\n {4}at charge/);
      assert.match(page.url(), /[?&]span=[0-9a-f]{16}$/);

      await page.reload();
      await drawer.getByRole("heading", { name: "charge card" }).waitFor();
      await page.goBack();
      await drawer.waitFor({ state: "detached" });
      await page.goBack();
      await page.locator(".traces-table tbody tr").first().waitFor();
    });
  });

  test("shows every type of value, filters them, copies them", async () => {
    await onPage(`/trace/${shop}`, async (page) => {
      await page.getByRole("row", { name: /POST \/checkout/ }).click();
      const drawer = page.getByRole("complementary");
      const value = (key: string) =>
        drawer.locator(".attribute").filter({ has: page.getByText(key, { exact: true }) });
      assert.match(await value("order.id").innerText(), /int\s+9007199254740993/);
      assert.match(await value("request.digest").innerText(), /6 B: de ad be ef 01 02/);
      assert.match(await value("cart.items").innerText(), /\["blue mug", "tea, 250 g", "kettle"\]/);
      assert.match(await value("cart.discount").innerText(), /applies: \["tea", "mugs"\]/);
      assert.match(await drawer.innerText(), /2 attributes dropped by the sender/);
      assert.match(await drawer.innerText(), /rojo=00f067aa0ba902b7/);
      const link = drawer.getByRole("link", { name: /4bf92f3577b34da6a3ce929d0e0e4736/ });
      const href = "/trace/4bf92f3577b34da6a3ce929d0e0e4736?span=00f067aa0ba902b7";
      assert.equal(await link.getAttribute("href"), href);

      await page.keyboard.press("/");
      await page.keyboard.type("AUTUMN");
      await value("cart.items").waitFor({ state: "detached" });
      await value("cart.discount").hover();
      await value("cart.discount").getByRole("button").click();
      const copied = await page.evaluate("navigator.clipboard.readText()");
      assert.match(String(copied), /code: "AUTUMN"/);
    });
  });

  test("downloads a trace as OTLP/JSON", async () => {
    await onPage(`/trace/${shop}`, async (page) => {
      await page.getByText("Download", { exact: true }).click();
      const started = page.waitForEvent("download");
      await page.getByRole("link", { name: "OTLP JSON" }).click();
      const download = await started;
      assert.equal(download.suggestedFilename(), `trace-${shop}.json`);
      const body = await readFile(await download.path(), "utf8");
      assert.equal((JSON.parse(body) as { resourceSpans: unknown[] }).resourceSpans.length, 6);
    });
  });

  test("is walked with the keyboard alone", async () => {
    await onPage("/", async (page) => {
      await page.locator(".traces-table tbody tr").first().waitFor();
      await page.keyboard.press("j");
      await page.keyboard.press("Enter");
      const grid = page.getByRole("treegrid");
      const cursor = page.locator(".row.cursor");
      await cursor.waitFor();
      assert.match(await cursor.innerText(), /POST \/checkout/);
      const all = Number(await grid.getAttribute("aria-rowcount"));
      await page.keyboard.press("j");
      await page.keyboard.press("ArrowDown");
      assert.match(await cursor.innerText(), /POST \/verify/);
      await page.keyboard.press("ArrowLeft");
      assert.equal(await cursor.getAttribute("aria-expanded"), "false");
      assert.equal(Number(await grid.getAttribute("aria-rowcount")), all - 3);
      await page.keyboard.press("l");
      assert.equal(await cursor.getAttribute("aria-expanded"), "true");
      await page.keyboard.press("e");
      assert.match(await cursor.innerText(), /POST \/charge/);
      await page.keyboard.press("Enter");
      const title = page.getByRole("complementary").locator("h2");
      assert.match(await title.innerText(), /POST \/charge/);
      await page.keyboard.press("End");
      assert.match(await title.innerText(), /serialize answer/);
      await page.keyboard.press("Escape");
      await title.waitFor({ state: "detached" });
      await page.keyboard.press("?");
      await page.getByRole("dialog").waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "hidden" });
    });
  });

  test("opens a trace by its id, and says what is wrong with an id", async () => {
    await onPage("/", async (page) => {
      await page.locator(".traces-table tbody tr").first().waitFor();
      await page.keyboard.press("o");
      await page.keyboard.type("4bf9-2f");
      await page.keyboard.press("Enter");
      await page.getByText("“-” is none").waitFor();
      await page.getByLabel("Open a trace by its id").fill(` ${shop.toUpperCase()} `);
      await page.keyboard.press("Enter");
      await page.waitForURL(`**/trace/${shop}`);

      await page.goto(`${clew.apiUrl}/trace/xyz`);
      await page.getByText("“xyz” is not a trace id").waitFor();
      await page.goto(`${clew.apiUrl}/trace/abc`);
      await page.getByText("abc".padStart(32, "0")).waitFor();
      await page.getByText(/Looking again for \d+ s/).waitFor();
    });
  });

  test("a trace opened before it arrives shows once it does", async () => {
    const late = makeTrace(checkout(), 1000);
    await onPage(`/trace/${late.traceId}`, async (page) => {
      await page.getByText("No span of this trace is here").waitFor();
      await fetch(`${clew.otlpUrl}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(late.request),
      });
      await page.getByRole("treegrid").waitFor({ timeout: 60_000 });
    });
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`has no barrier that axe knows of, ${colorScheme}`, async () => {
      const check = async (page: Page, where: string): Promise<void> => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        const serious = violations.filter(({ impact }) => impact !== "minor");
        const found = serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
        assert.deepEqual(found, [], where);
      };
      for (const width of [1280, 400]) {
        const options = { colorScheme, viewport: { width, height: 800 } };
        await onPage(
          `/trace/${shop}`,
          async (page) => {
            await page.getByRole("row", { name: /charge card.*error/ }).click();
            await page.getByRole("complementary").waitFor();
            await check(page, `trace at ${width}`);
          },
          options,
        );
        await onPage(
          "/",
          async (page) => {
            await page.locator("#curl").waitFor();
            await check(page, `first span at ${width}`);
          },
          options,
          empty,
        );
      }
    });
  }

  test("keeps the theme that was chosen", async () => {
    await onPage(
      "/",
      async (page) => {
        const background = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
        const dark = await background();
        await page.getByRole("button", { name: "Theme: auto" }).click();
        const light = await background();
        assert.notEqual(light, dark);
        await page.reload();
        assert.equal(await background(), light);
        await page.getByRole("button", { name: "Theme: light" }).click();
        assert.equal(await background(), dark);
      },
      { colorScheme: "dark" },
    );
  });

  test("nothing is wider than the window, at any width", async () => {
    for (const width of [400, 1280, 1920]) {
      const options = { viewport: { width, height: 900 } };
      await onPage(
        "/?limit=1000",
        async (page) => {
          const links = page.locator("tbody .what a");
          await links.first().waitFor();
          const hrefs = await links.evaluateAll((all) => all.map((a) => a.getAttribute("href")!));
          const tooWide = "document.documentElement.scrollWidth > innerWidth";
          assert.equal(await page.evaluate(tooWide), false, "list");
          for (const href of hrefs) {
            await page.goto(clew.apiUrl + href);
            await page.locator(".waterfall .row").first().click();
            const drawer = page.getByRole("complementary");
            await drawer.waitFor();
            assert.equal(await page.evaluate(tooWide), false, href);
            const box = await drawer.boundingBox();
            assert.ok(box !== null && box.x + box.width <= width + 1, `drawer of ${href}`);
          }
        },
        options,
      );
    }
  });

  test("50,000 spans: few rows in the document", async () => {
    const big = await send(clew, manySpans(50_000));
    await onPage(`/trace/${big}`, async (page) => {
      const rows = page.locator(".waterfall .row");
      await rows.first().waitFor();
      assert.ok((await rows.count()) < 80);
      await page.keyboard.press("End");
      const grid = page.getByRole("treegrid");
      const last = page.locator(".row.cursor");
      assert.equal(
        await last.getAttribute("aria-rowindex"),
        await grid.getAttribute("aria-rowcount"),
      );
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowLeft");
      await rows.nth(1).waitFor({ state: "detached" });
    });
  });

  test("says what is wrong with Clew itself, for as long as it is", async () => {
    await onPage("/", async (page) => {
      const pid = clew.server.enginePid()!;
      process.kill(pid, "SIGSTOP");
      try {
        await page
          .getByRole("alert")
          .getByText(/ClickHouse is silent/)
          .waitFor();
      } finally {
        process.kill(pid, "SIGCONT");
      }
      await page.getByText(/ClickHouse is silent/).waitFor({ state: "detached" });
    });
  });

  test("an empty Clew shows a command that works, and then the trace it made", async () => {
    await onPage(
      "/",
      async (page) => {
        await page.getByText("Send it a first span").waitFor();
        assert.match(await page.locator("main").innerText(), /OTEL_EXPORTER_OTLP_ENDPOINT=http/);
        await page.getByRole("button", { name: "Copy the command" }).click();
        await page.getByText("Copied").waitFor();
        const command = String(await page.evaluate("navigator.clipboard.readText()"));
        await promisify(execFile)("bash", ["-c", command], { timeout: 10_000 });
        await page.waitForURL("**/trace/*", { timeout: 60_000 });
        await page.getByRole("heading", { name: /hello-clew\s+first span/ }).waitFor();
      },
      {},
      empty,
    );
  });
});
