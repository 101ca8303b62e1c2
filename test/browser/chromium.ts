/** The browser that the tests drive: the one that is installed. */
import assert from "node:assert/strict";
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const MAC_PATHS = [
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts it without a window, with these flags besides; throws, saying what to install, if there is
 * none. */
export async function launchChromium(flags: readonly string[] = []): Promise<Browser> {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const places = folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
  const executablePath = [...places, ...MAC_PATHS].find(canRun);
  if (executablePath === undefined) {
    throw new Error("no Chromium or Chrome on PATH. Debian has one: apt-get install chromium");
  }
  return chromium.launch({ executablePath, args: [...FLAGS, ...flags] });
}

/** Opens a page, 1,280 wide unless the options say otherwise, for the length of `use`; fails if anything in
 * it threw or was fetched from elsewhere. */
export async function withPage(
  browser: Browser,
  url: string,
  use: (page: Page) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const viewport = { width: 1280, height: 800 };
  const context = await browser.newContext({ viewport, ...options });
  try {
    const page = await context.newPage();
    const wrong: string[] = [];
    const { origin } = new URL(url);
    page.on("pageerror", (error) => wrong.push(String(error.stack)));
    page.on("request", (request) => {
      const asked = new URL(request.url());
      if (asked.protocol.startsWith("http") && asked.origin !== origin) {
        wrong.push(`asked for ${asked}`);
      }
    });
    await page.goto(url);
    await use(page);
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
