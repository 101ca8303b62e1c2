/** The pages about Clew itself, how it is and what it keeps, in a real browser over a real Clew. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { startTestClew, stored, type TestClew } from "../support/clew.ts";
import { launchChromium, withPage } from "./chromium.ts";
import { makeTrace } from "./sample-spans.ts";

const POLICIES = `policies:
  - { name: errors, match: "{ status = error }", keep: always }
default: never
`;
const OLD_MS = 3 * 86_400_000;

describe("system and sampling", { timeout: 900_000 }, () => {
  let browser: Browser;
  let clew: TestClew;
  let folder: string;
  let failing: string;

  /** Opens a page for the length of `use`. */
  function onPage(
    path: string,
    use: (page: Page) => Promise<void>,
    options?: BrowserContextOptions,
  ): Promise<void> {
    return withPage(browser, clew.apiUrl + path, use, options);
  }

  async function send(body: string): Promise<number> {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${clew.otlpUrl}/v1/traces`, { method: "POST", headers, body });
    return answer.status;
  }

  /** Traces of one span each, in one request. Those that fail are of another service. */
  async function sendTraces(agoMs: number, errors: readonly (string | undefined)[]) {
    const traces = errors.map((error) => {
      const service = error === undefined ? "shop" : "bank";
      const span = { service, name: "GET /items", startMs: 0, forMs: 20, ...(error && { error }) };
      return makeTrace([span], agoMs);
    });
    const resourceSpans = traces.flatMap(({ request }) => request["resourceSpans"]);
    assert.equal(await send(JSON.stringify({ resourceSpans })), 200);
    return traces.map(({ traceId }) => traceId);
  }

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "clew-policies-"));
    const policyFile = path.join(folder, "policies.yaml");
    writeFileSync(policyFile, POLICIES);
    const sampling = { policyFile, everySeconds: 1 };
    [browser, clew] = await Promise.all([launchChromium(), startTestClew({ sampling })]);
    await sendTraces(OLD_MS, [undefined, undefined, "no money"]);
    [, failing] = (await sendTraces(1000, [undefined, "no money"])) as [string, string];
    assert.equal(await send("{"), 400);
    await stored(clew);
    const isThinned = (): boolean =>
      clew.events.some(({ message }) => message === "a day was thinned");
    for (let i = 0; i < 1000 && !isThinned(); i++) await sleep(100);
  });
  after(async () => {
    await browser?.close();
    await clew?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("says what is wrong first, then the last hour, then what is stored", async () => {
    await onPage("/", async (page) => {
      await page.getByRole("link", { name: "System" }).click();
      await page.waitForURL("**/system");
      const state = page.getByRole("status", { name: "State of Clew" });
      await state.getByText("Something is wrong").waitFor();
      await state.getByText(/1 export request of the last hour was refused/).waitFor();
      assert.match(await state.innerText(), /5 spans came in the last/);
      const chart = page.getByRole("region", { name: "Spans coming in" });
      await chart.locator("path.line[d^=M]").waitFor({ state: "attached" });
      const refused = page.getByRole("table", { name: "Refused, by reason" });
      assert.match(await refused.innerText(), /Export requests\s+OTLP\/HTTP/);
      const tables = page.getByRole("table", { name: "Tables of ClickHouse" });
      assert.match(await tables.innerText(), /spans\s+3\s/);
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
      await page.getByText("The state of Clew could not be read").waitFor();
      await page.unroute(system);
      await page.getByRole("button", { name: "Try again" }).click();
      await page.getByText("Something is wrong").waitFor();
    });
  });

  test("policies in force with their effect; others are tried, and are in the address", async () => {
    await onPage("/", async (page) => {
      await page.getByRole("link", { name: "Sampling" }).click();
      const inForce = page.getByRole("table", { name: "Policies in force" });
      await inForce.getByText("50.0 %").waitFor();
      const lines = (await inForce.locator("tr").allInnerTexts()).map((line) =>
        line.replaceAll(/\s+/g, " "),
      );
      assert.match(lines[1]!, /^errors \{ status = error \} always 1 \/ 1 1 \/ 1/);
      assert.match(lines[2]!, /^default all others never 0 \/ 1 0 \/ 1/);
      await page.getByText("Nothing would be left of 1 service: shop").waitFor();
      const ledger = page.getByRole("table", { name: "Days that were thinned" });
      assert.match(await ledger.innerText(), /1\s+2\s+33\.3 %[^]*errors 1 \/ 0/);
      const editor = page.getByRole("textbox", { name: "Policies to try, as YAML" });
      await editor.fill("default: sometimes");
      await page.getByRole("button", { name: "Try" }).click();
      await page.getByText(/policies:1: default: "sometimes" cannot be kept/).waitFor();
      await editor.fill("default: always");
      await editor.press("Control+Enter");
      await page.waitForURL("**/sampling?policies=default%3A+always");
      const tried = page.getByRole("table", { name: "Policies tried" });
      await tried.getByText("100.0 %").first().waitFor();
      await page.reload();
      await tried.getByText("100.0 %").first().waitFor();
      await page.getByRole("button", { name: "6 h" }).click();
      await page.waitForURL("**since=21600**");
      await page.getByRole("link", { name: "Back to those in force" }).click();
      await tried.waitFor({ state: "detached" });
    });
  });

  test("a trace is pinned on its page, and let go in the list", async () => {
    await onPage(`/trace/${failing}`, async (page) => {
      await page.getByRole("button", { name: "Pin", exact: true }).click();
      await page.getByRole("button", { name: "Pinned" }).waitFor();
      await page.reload();
      await page.getByRole("button", { name: "Pinned" }).waitFor();
      await page.getByRole("link", { name: "Sampling" }).click();
      const pins = page.getByRole("list", { name: "Pinned traces" });
      await pins.getByRole("link", { name: failing }).waitFor();
      await page.getByRole("button", { name: `Unpin ${failing}` }).click();
      await page.getByText("None. “Pin” on the page of a trace").waitFor();
      await page.goBack();
      await page.getByRole("button", { name: "Pin", exact: true }).waitFor();
    });
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`has no barrier that axe knows of, and fits, ${colorScheme}`, async () => {
      for (const [address, table] of [
        ["/system?time=utc", "Tables of ClickHouse"],
        ["/sampling?policies=default%3A+10%25", "Policies tried"],
      ] as const) {
        for (const width of [400, 1280]) {
          await onPage(
            address,
            async (page) => {
              await page.getByRole("table", { name: table }).waitFor();
              const { violations } = await new AxeBuilder({ page }).analyze();
              const serious = violations.filter(({ impact }) => impact !== "minor");
              const found = serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
              assert.deepEqual(found, [], `${address} at ${width}`);
              const tooWide = "document.documentElement.scrollWidth > innerWidth";
              assert.equal(await page.evaluate(tooWide), false, `${address} at ${width}`);
            },
            { colorScheme, viewport: { width, height: 800 } },
          );
        }
      }
    });
  }
});
