/** The page of Clew's own state in a real browser, over a real Clew. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { startTestClew, stored, type TestClew } from "../support/clew.ts";
import { launchChromium } from "./chromium.ts";
import { makeTrace } from "./sample-spans.ts";

describe("system", { timeout: 300_000 }, () => {
  let browser: Browser;
  let clew: TestClew;

  async function onPage(
    path: string,
    use: (page: Page) => Promise<void>,
    options: BrowserContextOptions = {},
  ): Promise<void> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    try {
      const page = await context.newPage();
      const wrong: string[] = [];
      page.on("pageerror", (error) => wrong.push(String(error.stack)));
      await page.goto(clew.apiUrl + path);
      await use(page);
      assert.deepEqual(wrong, []);
    } finally {
      await context.close();
    }
  }

  async function send(body: string): Promise<number> {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${clew.otlpUrl}/v1/traces`, { method: "POST", headers, body });
    return answer.status;
  }

  before(async () => {
    [browser, clew] = await Promise.all([launchChromium(), startTestClew()]);
    const span = { service: "shop", name: "GET /items", startMs: 0, forMs: 20 };
    assert.equal(await send(JSON.stringify(makeTrace([span], 1000).request)), 200);
    assert.equal(await send("{"), 400);
    await stored(clew);
  });
  after(async () => {
    await browser?.close();
    await clew?.close();
  });

  test("says what is wrong first, then the last hour, then what is stored", async () => {
    await onPage("/", async (page) => {
      await page.getByRole("link", { name: "System" }).click();
      await page.waitForURL("**/system");
      const state = page.getByRole("status", { name: "State of Clew" });
      await state.getByText("Something is wrong").waitFor();
      await state.getByText(/1 export request of the last hour was refused/).waitFor();
      assert.match(await state.innerText(), /1 span came in the last minute/);
      const chart = page.getByRole("region", { name: "Spans coming in" });
      await chart.locator("path.line[d^=M]").waitFor({ state: "attached" });
      const refused = page.getByRole("table", { name: "Refused, by reason" });
      assert.match(await refused.innerText(), /Export requests\s+OTLP\/HTTP/);
      const tables = page.getByRole("table", { name: "Tables of ClickHouse" });
      assert.match(await tables.innerText(), /spans\s+1\s/);
      await chart.locator(".plot").hover({ position: { x: 10, y: 10 } });
      await chart.getByText("–").first().waitFor();
      await page.keyboard.press("g");
      await page.keyboard.press("e");
      await page.waitForURL((url) => url.pathname === "/");
    });
  });

  test("says so when Clew does not answer, and asks again", async () => {
    await onPage("/", async (page) => {
      const system = "**/api/clew/v1/system";
      await page.route(system, (route) => route.abort());
      await page.getByRole("link", { name: "System" }).click();
      await page.getByText("Clew does not say how it is").waitFor();
      await page.unroute(system);
      await page.getByRole("button", { name: "Try again" }).click();
      await page.getByText("Something is wrong").waitFor();
    });
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`has no barrier that axe knows of, and fits, ${colorScheme}`, async () => {
      for (const width of [400, 1280]) {
        await onPage(
          "/system?time=utc",
          async (page) => {
            await page.getByRole("table", { name: "Tables of ClickHouse" }).waitFor();
            const { violations } = await new AxeBuilder({ page }).analyze();
            const serious = violations.filter(({ impact }) => impact !== "minor");
            const found = serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
            assert.deepEqual(found, [], `at ${width}`);
            const tooWide = "document.documentElement.scrollWidth > innerWidth";
            assert.equal(await page.evaluate(tooWide), false, `at ${width}`);
          },
          { colorScheme, viewport: { width, height: 800 } },
        );
      }
    });
  }
});
