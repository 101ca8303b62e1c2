/** Services and the map in a real browser, over a real Clew: from all services to one, to why it fails. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { GraphAnswer } from "../../src/api/contract.ts";
import { startTestClew, stored, type TestClew } from "../support/clew.ts";
import { launchChromium, withPage } from "./chromium.ts";
import { makeTrace, type SampleSpan } from "./sample-spans.ts";

const MINUTE_MS = 60_000;
const [SERVER, CLIENT] = [2, 3];

/** A request that a gateway sends on to a shop, which asks its database, and perhaps fails. */
function visit(order: number, isFailed: boolean): SampleSpan[] {
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const exception = {
    name: "exception",
    atMs: 3,
    attributes: [
      text("exception.type", "OutOfStock"),
      text("exception.message", `order ${order} has no "shoes"`),
    ],
  };
  return [
    { service: "gateway", name: "GET /", startMs: 0, forMs: 20, kind: SERVER },
    { service: "gateway", name: "GET", of: 0, startMs: 1, forMs: 18, kind: CLIENT },
    {
      service: "shop",
      name: "GET /items",
      of: 1,
      startMs: 2,
      forMs: 16,
      kind: SERVER,
      ...(isFailed && { error: "", more: { events: [exception] } }),
    },
    {
      service: "shop",
      name: "SELECT items",
      of: 2,
      startMs: 3,
      forMs: 5,
      kind: CLIENT,
      attributes: { "db.system.name": "postgresql", "db.namespace": "items" },
    },
  ];
}

describe("services and the map", { timeout: 900_000 }, () => {
  let browser: Browser;
  let clew: TestClew;

  /** Opens a page for the length of `use`. */
  function onPage(
    path: string,
    use: (page: Page) => Promise<void>,
    options?: BrowserContextOptions,
  ): Promise<void> {
    return withPage(browser, clew.apiUrl + path, use, options);
  }

  /** Settles when all calls are in the service graph. */
  async function untilMapped(): Promise<void> {
    for (let i = 0; i < 300; i++) {
      const answer = await fetch(`${clew.apiUrl}/api/clew/v1/graph`);
      if (((await answer.json()) as GraphAnswer).isComplete) return;
      await sleep(200);
    }
    throw new Error("the service graph is not complete after a minute");
  }

  before(async () => {
    [browser, clew] = await Promise.all([
      launchChromium(),
      startTestClew({ graph: { everySeconds: 1 } }),
    ]);
    for (let minute = 50; minute >= 2; minute -= 2) {
      const version = minute > 20 ? "1.4.2" : "1.5.0";
      const { request } = makeTrace(visit(minute, minute <= 10), minute * MINUTE_MS, version);
      const response = await fetch(`${clew.otlpUrl}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(request),
      });
      assert.equal(response.status, 200, await response.text());
    }
    await stored(clew);
    await untilMapped();
  });
  after(async () => {
    await browser?.close();
    await clew?.close();
  });

  test("all services: found by name, sorted, and a line is the service's page", async () => {
    await onPage("/", async (page) => {
      await page.getByRole("link", { name: "Services", exact: true }).click();
      await page.waitForURL("**/services");
      const lines = page.locator(".groups-table tbody tr");
      await lines.nth(1).waitFor();
      assert.match(await lines.filter({ hasText: "shop" }).innerText(), /2\d\.\d \/h[^]*20\.0 %/);
      await page.getByRole("link", { name: "Errors" }).click();
      await page.waitForURL("**/services?sort=-errors");
      await lines.first().getByText("shop").waitFor();
      await page.keyboard.press("/");
      await page.keyboard.type("GATE");
      await page.waitForURL("**/services?find=GATE&sort=-errors");
      await lines.nth(1).waitFor({ state: "detached" });
      await page.keyboard.type("x");
      await page.getByText("No service has “GATEx” in its name").waitFor();
      await page.keyboard.press("Escape");
      await lines.filter({ hasText: "shop" }).getByRole("link").click();
      await page.waitForURL("**/services/shop");
    });
  });

  test("a service: versions, why it fails with a trace, its operations, who calls it", async () => {
    await onPage("/services/shop", async (page) => {
      await page.getByRole("heading", { name: "shop" }).waitFor();
      await page.locator(".chart .mark", { hasText: "1.5.0" }).waitFor();
      await page.locator(".versions", { hasText: /1\.5\.0 since .*1\.4\.2/ }).waitFor();
      const error = page.locator(".errors-table tbody tr");
      await error.getByText("order … has no '…'").waitFor();
      assert.match(await error.innerText(), /OutOfStock[^]*\b5\b/);
      await page.locator(".groups-table tbody tr", { hasText: "GET /items" }).waitFor();
      const caller = page.locator(".neighbours section").first().locator("tbody tr");
      assert.match(await caller.innerText(), /gateway/);
      const callee = page.locator(".neighbours section").last().locator("tbody tr");
      await callee.getByRole("link", { name: "traces" }).click();
      await page.locator(".traces-table tbody tr").nth(20).waitFor();
      await page.goBack();
      await error.getByRole("link").first().click();
      await page.getByText(/^5 traces · /).waitFor();
      await page.goBack();
      await error.getByRole("link").last().click();
      await page.waitForURL("**/trace/*span=*");
      await page.getByText('order 2 has no "shoes"').first().waitFor();
    });
  });

  test("a service that nobody knows; a time without services", async () => {
    await onPage("/services/nobody", async (page) => {
      await page.getByText("Nothing was called in this time").waitFor();
      await page.getByText("No span of nobody failed in this time.").waitFor();
      await page.getByText("Nobody in this time.").waitFor();
      await page.goto(`${clew.apiUrl}/services?from=1000000&to=1003600`);
      await page.getByText("No service sent spans in this time").waitFor();
    });
  });

  test("keys lead from page to page and keep the time", async () => {
    await onPage("/services?since=10800", async (page) => {
      await page.locator(".groups-table tbody tr").first().waitFor();
      await page.keyboard.press("g");
      await page.keyboard.press("m");
      await page.waitForURL("**/map?since=10800");
      await page.getByRole("button", { name: "Earlier" }).waitFor();
      await page.keyboard.press("<");
      await page.waitForURL("**/map?from=*&to=*");
      await page.keyboard.press("g");
      await page.keyboard.press("e");
      await page.waitForURL("**/?from=*&to=*");
    });
  });

  test("the map: nodes and edges lead on, near a node, as a table, and saved", async () => {
    await onPage("/map", async (page) => {
      const node = (name: string) => page.locator(".graph-node", { hasText: name });
      await node("postgresql/items").waitFor();
      assert.equal(await page.locator(".graph-node").count(), 4);
      assert.match(await node("postgresql/items").getAttribute("class").then(String), /inferred/);
      const label = page.locator(".graph-label.failed");
      // How many calls are in the graph already depends on how far its job is.
      assert.match((await label.textContent())!, /\d \/h \d+\.\d %/);
      const at = (name: string) => node(name).evaluate((element) => element.style.transform);
      const before = await at("shop");
      await page.locator('[data-node="postgresql/items"]').focus();
      await page.keyboard.press("f");
      await page.waitForURL("**/map?node=postgresql%2Fitems");
      await node("gateway").waitFor({ state: "detached" });
      await page.keyboard.press("2");
      await page.waitForURL("**hops=2");
      await node("gateway").waitFor();
      assert.equal(await at("shop"), before, "it stands where it stood");
      await page.reload();
      await node("gateway").waitFor();
      assert.equal(await at("shop"), before, "after a reload, too");
      await page.keyboard.press("Escape");
      await page.waitForURL("**/map?hops=2");
      await page.keyboard.press("t");
      const lines = page.locator(".graph-table tbody tr");
      assert.equal(await lines.count(), 3);
      await lines
        .filter({ hasText: "gateway" })
        .filter({ hasText: "shop" })
        .getByRole("link")
        .click();
      await page.getByText(/^25 traces · /).waitFor();
      await page.goBack();
      await page.getByRole("button", { name: "Map", exact: true }).click();
      await page.getByText("Save", { exact: true }).click();
      const saved = page.waitForEvent("download");
      await page.getByRole("button", { name: "DOT, for Graphviz" }).click();
      const file = await (await (await saved).createReadStream()).toArray();
      assert.match(
        Buffer.concat(file).toString(),
        /"gateway" -> "shop" \[label="\d+, \d+ % failed/,
      );
      await page.locator('[data-node="shop"]').click();
      await page.waitForURL("**/services/shop");
    });
  });

  test("the map compared with the time before: what is new and what is gone", async () => {
    const now = Math.floor(Date.now() / 1000);
    // Nothing was called two hours ago, and everything since.
    await onPage(`/map?from=${now - 3600}&to=${now}&against=before`, async (page) => {
      await page.locator(".graph-edge.new").first().waitFor({ state: "attached" });
      await page.getByRole("button", { name: "Table" }).click();
      await page.locator(".graph-table td.change", { hasText: "new" }).first().waitFor();
      await page.goto(`${clew.apiUrl}/map?from=1000000&to=1003600`);
      await page.getByText("No service called another in this time").waitFor();
    });
  });

  const paths: [path: string, ready: string][] = [
    ["/services", ".groups-table tbody tr"],
    ["/services/shop", ".neighbours tbody tr"],
    ["/map", ".graph-node"],
    ["/map?view=table&against=day", ".graph-table tbody tr"],
  ];

  for (const colorScheme of ["light", "dark"] as const) {
    test(`has no barrier that axe knows of and is never too wide, ${colorScheme}`, async () => {
      const widths = colorScheme === "light" ? [400, 1280] : [1280];
      for (const [width, [path, ready]] of widths.flatMap((w) =>
        paths.map((p) => [w, p] as const),
      )) {
        await onPage(
          path,
          async (page) => {
            await page.locator(ready).first().waitFor();
            const { violations } = await new AxeBuilder({ page }).analyze();
            const serious = violations.filter(({ impact }) => impact !== "minor");
            const found = serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
            assert.deepEqual(found, [], `${path} at ${width}`);
            const tooWide = "document.documentElement.scrollWidth > innerWidth";
            assert.equal(await page.evaluate(tooWide), false, `${path} at ${width}`);
          },
          { colorScheme, viewport: { width, height: 800 } },
        );
      }
    });
  }
});
