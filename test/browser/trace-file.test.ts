/** Traces from files and into files: opened without being stored, and as a page that needs no Clew. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { startTestClew, type TestClew } from "../support/clew.ts";
import { launchChromium } from "./chromium.ts";
import { checkout, makeTrace } from "./sample-spans.ts";

describe("traces in files", { timeout: 900_000 }, () => {
  let browser: Browser;
  let clew: TestClew;
  const folder = mkdtempSync(path.join(tmpdir(), "clew-files-"));
  const file = (name: string, content: string): string => {
    const full = path.join(folder, name);
    writeFileSync(full, content);
    return full;
  };
  const shop = makeTrace(checkout(), 60_000);
  const spanCount = checkout().length;

  async function onPage(use: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    try {
      const wrong: string[] = [];
      page.on("pageerror", (error) => wrong.push(String(error.stack)));
      await use(page);
      assert.deepEqual(wrong, []);
    } finally {
      await context.close();
    }
  }
  const choose = async (page: Page, name: string): Promise<void> => {
    await page.locator("header.top input[type=file]").setInputFiles(name);
  };
  const untilRows = (page: Page, count: number): Promise<void> =>
    page.locator(`[role=treegrid][aria-rowcount="${count + 1}"]`).waitFor();
  const download = async (page: Page, name: string): Promise<string> => {
    await page.getByText("Download", { exact: true }).click();
    const started = page.waitForEvent("download");
    await page.getByRole("button", { name }).click();
    const got = await started;
    const full = path.join(folder, got.suggestedFilename());
    await got.saveAs(full);
    return full;
  };

  before(async () => {
    browser = await launchChromium();
    clew = await startTestClew();
  });
  after(async () => {
    await browser?.close();
    await clew?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("opened in three formats, written in three formats, and never stored", async () => {
    await onPage(async (page) => {
      await page.goto(`${clew.apiUrl}/file`);
      await page.getByRole("heading", { name: "No file is open" }).waitFor();
      await choose(page, file("shop.json", JSON.stringify(shop.request)));
      await untilRows(page, spanCount);
      await page.getByText("shop.json").waitFor();
      await page.getByLabel("Filter spans, in TraceQL").fill(".payment.currency = `EUR`");
      await page.getByText("2 matches").waitFor();
      await page.getByRole("row", { name: /charge card.*error/ }).click();
      await page.locator(".attribute", { hasText: "payment.currency" }).waitFor();
      await page.keyboard.press("Escape");
      for (const format of ["Jaeger JSON", "Zipkin JSON", "OTLP JSON"]) {
        const saved = await download(page, format);
        await page.goto(`${clew.apiUrl}/`);
        await choose(page, saved);
        await untilRows(page, spanCount);
        await page.getByText(path.basename(saved)).waitFor();
        assert.equal(await page.locator(".trace-head .error").first().count(), 1);
      }
    });
    const stored = await fetch(`${clew.apiUrl}/api/clew/v1/traces/${shop.traceId}`);
    assert.equal(stored.status, 404);
  });

  test("of several traces one is chosen, and the address says which", async () => {
    await onPage(async (page) => {
      const other = makeTrace([{ service: "cron", name: "tick", startMs: 0, forMs: 5 }], 1000);
      const lines = [shop.request, other.request].map((request) => JSON.stringify(request));
      await page.goto(`${clew.apiUrl}/file`);
      await choose(page, file("two.jsonl", `${lines.join("\n")}\n`));
      await untilRows(page, spanCount);
      await page.getByLabel("Trace of the file").selectOption(other.traceId);
      await untilRows(page, 1);
      assert.equal(new URL(page.url()).search, `?trace=${other.traceId}`);
      await page.goBack();
      await untilRows(page, spanCount);
    });
  });

  test("dropped, and what is wrong is told with file, place and value", async () => {
    await onPage(async (page) => {
      await page.goto(`${clew.apiUrl}/`);
      const text = JSON.stringify(shop.request).replace(
        /"endTimeUnixNano":"\d+"/,
        '"endTimeUnixNano":"soon"',
      );
      await page.locator("main").waitFor();
      await page.evaluate((content) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([content], "broken.json"));
        document.dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true }));
      }, text);
      await page.getByRole("heading", { name: "The trace could not be read" }).waitFor();
      assert.match(
        await page.locator("main").innerText(),
        /broken\.json: resourceSpans\S+spans\[0\]\.endTimeUnixNano: expected a whole number, got "soon"/,
      );
    });
  });

  test("as a page of its own, it works from a folder, without a network", async () => {
    let saved = "";
    await onPage(async (page) => {
      await page.goto(`${clew.apiUrl}/file`);
      await choose(page, file("shop.json", JSON.stringify(shop.request)));
      await untilRows(page, spanCount);
      saved = await download(page, "Page (HTML)");
    });
    await onPage(async (page) => {
      await page.context().setOffline(true);
      const asked: string[] = [];
      page.on("request", (request) => {
        if (!/^(file|data|blob):/.test(request.url())) asked.push(request.url());
      });
      await page.goto(pathToFileURL(saved).href);
      await untilRows(page, spanCount);
      assert.match(await page.title(), /api-gateway POST \/checkout/);
      await page.getByLabel("Filter spans, in TraceQL").fill("{ .payment.currency = `EUR` }");
      await page.getByText("2 matches").waitFor();
      await page.getByRole("row", { name: /charge card.*error/ }).click();
      const line = page.locator(".attribute", { hasText: "payment.currency" });
      await line.hover();
      await line.getByLabel("What to do with payment.currency").click();
      assert.equal(await line.getByRole("link").count(), 0);
      await line.getByRole("button", { name: "Colour this trace by it" }).click();
      await page.locator(".legend", { hasText: "EUR" }).waitFor();
      await page.reload();
      await page.locator(".legend", { hasText: "EUR" }).waitFor();
      await page.getByText("2 matches").waitFor();
      for (const view of ["Flame", "Merged", "Map", "Table", "Statistics", "Logs"]) {
        await page.getByRole("link", { name: view, exact: true }).click();
        await page.locator(`.views [aria-current]`, { hasText: view }).waitFor();
      }
      await page.goBack();
      await page.locator(`.views [aria-current]`, { hasText: "Statistics" }).waitFor();
      const { violations } = await new AxeBuilder({ page }).analyze();
      assert.deepEqual(
        violations.filter(({ impact }) => impact !== "minor").map(({ id }) => id),
        [],
      );
      assert.deepEqual(asked, []);
    });
  });
});
