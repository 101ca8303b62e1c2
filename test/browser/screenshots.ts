/**
 * Makes the pictures in docs/ from a Clew and a demo shop that have run for some minutes: `npm start`,
 * `npx clew demo --rate 4 --slow 0.1 --errors 0.1 --only stockQuery,bankTimeout` and `npm run screenshots`
 * in three terminals.
 */
import { fileURLToPath } from "node:url";
import type { TracesAnswer } from "../../src/api/contract.ts";
import type { Page } from "playwright-core";
import { launchChromium } from "./chromium.ts";
import { walkTour } from "./tour.ts";

const clewUrl = process.env["CLEW_URL"] ?? "http://127.0.0.1:3200";
const docs = fileURLToPath(new URL("../../docs/", import.meta.url));
const viewport = { width: 1280, height: 720 };

const answer = await fetch(`${clewUrl}/api/clew/v1/traces?limit=1000`);
const { traces } = (await answer.json()) as TracesAnswer;
const whole = traces.filter(({ services }) => services.length === 6);
const trace = whole.find(({ errorCount }) => errorCount > 0) ?? whole[0];
if (trace === undefined) throw new Error("no trace over all six services yet: wait a little");

const browser = await launchChromium();
try {
  for (const [name, path, theme] of [
    ["explore", "/?since=900", "light"],
    ["trace", `/trace/${trace.traceId}`, "light"],
    ["trace-dark", `/trace/${trace.traceId}`, "dark"],
  ] as const) {
    const page = await browser.newPage({ viewport, colorScheme: theme });
    await page.goto(clewUrl + path);
    await page.locator("tbody tr, [role=row][aria-level]").first().waitFor();
    if (name.startsWith("trace-") || name === "trace") await page.keyboard.press("Enter");
    if (name === "explore") await drawBox(page);
    await page.waitForTimeout(500);
    await page.screenshot({ path: `${docs}${name}.png` });
  }
  const page = await browser.newPage({ viewport });
  await walkTour(page, {
    url: clewUrl,
    picture: async (name) => {
      await page.mouse.move(0, 0);
      await page.waitForTimeout(800);
      await page.screenshot({ path: `${docs}tour-${name}.png` });
    },
  });
} finally {
  await browser.close();
}

/** Draws a box on the heatmap around the slowest requests of the last minutes. */
async function drawBox(page: Page): Promise<void> {
  const heatmap = (await page.locator(".heatmap .plot").boundingBox())!;
  await page.mouse.move(heatmap.x + heatmap.width * 0.5, heatmap.y + 2);
  await page.mouse.down();
  await page.mouse.move(heatmap.x + heatmap.width - 2, heatmap.y + heatmap.height * 0.3);
  await page.mouse.up();
  await page.mouse.move(0, 0);
  await page.getByText(/ rows read/).waitFor();
}
