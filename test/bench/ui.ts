/**
 * What the page of a trace takes, in the browser that is installed: `npm run bench -- --ui`. It starts a
 * Clew of its own, sends it traces of three sizes, opens each by a click on the first page, and zooms,
 * pans, searches and folds. The table it prints is the one in docs/benchmarks.md.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "../browser/chromium.ts";
import { bigTrace } from "../support/big-trace.ts";
import { type SpawnedClew, spawnClew } from "../support/spawned-clew.ts";

const SIZES = [10_000, 100_000, 1_000_000];
const OPENS = 3;
const FRAMES = 180;
// Frames as fast as they can be drawn, so that they say what each costs.
const UNTHROTTLED = ["--disable-frame-rate-limit", "--disable-gpu-vsync"];

/** Budgets in milliseconds and megabytes, by size. */
const budgets: Readonly<Record<number, { readonly open: number; readonly frame: number }>> = {
  10_000: { open: 500, frame: 16 },
  100_000: { open: 1500, frame: 16 },
  1_000_000: { open: 6000, frame: 33 },
};

interface Figures {
  readonly spans: number;
  readonly openMs: number;
  readonly zoomP95Ms: number;
  readonly panP95Ms: number;
  readonly flameP95Ms: number;
  readonly searchMs: number;
  readonly foldMs: number;
  readonly serverMb: number;
}

const folder = mkdtempSync(path.join(tmpdir(), "clew-bench-ui-"));
const clew = await spawnClew(folder, []);
const browser = await launchChromium(UNTHROTTLED);
try {
  const all: Figures[] = [];
  for (const spans of SIZES) all.push(await measure(clew, browser, spans));
  process.stdout.write(report(all));
} finally {
  await browser.close();
  clew.child.kill("SIGTERM");
  await clew.ended;
  rmSync(folder, { recursive: true, force: true });
}

async function measure(to: SpawnedClew, at: Browser, spans: number): Promise<Figures> {
  const { traceId, requests } = bigTrace(spans, Date.now() - 60_000);
  for (const body of requests()) {
    const answer = await fetch(`${to.otlpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: Uint8Array.from(body),
    });
    if (answer.status !== 200) throw new Error(`spans refused: ${await answer.text()}`);
  }
  await untilStored(to);
  await sleep(3000);
  const opens: number[] = [];
  const server: number[] = [];
  for (let i = 0; i < OPENS; i++) {
    const page = await at.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(to.apiUrl);
    await page.locator("main").waitFor();
    await sleep(1000);
    resetPeak(to.child.pid!);
    opens.push(await open(page, traceId, spans));
    server.push(peakMb(to.child.pid!));
    await page.close();
  }
  const page = await at.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`${to.apiUrl}/trace/${traceId}`);
  await page.locator(`[aria-rowcount="${spans + 1}"]`).waitFor({ timeout: 60_000 });
  await sleep(1000);
  const zoomP95Ms = await frames(page, ".waterfall", { deltaY: -6, ctrlKey: true });
  const panP95Ms = await frames(page, ".waterfall", { deltaX: 12 });
  const searchMs = await search(page);
  const foldMs = await fold(page);
  await page.goto(`${to.apiUrl}/trace/${traceId}?view=flame`);
  await page.locator(".flame").waitFor({ timeout: 60_000 });
  await sleep(1000);
  const flameP95Ms = await frames(page, ".flame canvas", { deltaY: -6, ctrlKey: true });
  await page.close();
  const [openMs, serverMb] = [median(opens), Math.max(...server)];
  return { spans, openMs, zoomP95Ms, panP95Ms, flameP95Ms, searchMs, foldMs, serverMb };
}

/** From a click on a link to the trace until its rows are there and a frame with its bars was drawn. */
function open(page: Page, traceId: string, spans: number): Promise<number> {
  return inPage(
    page,
    `
    const link = document.createElement("a");
    link.href = "/trace/${traceId}";
    document.body.append(link);
    const begin = performance.now();
    link.click();
    await until(() => document.querySelector('[aria-rowcount="${spans + 1}"] .row'));
    await frame();
    await frame();
    return performance.now() - begin;`,
  );
}

/** The p95 of the time from frame to frame while a wheel turns over an element, in milliseconds. */
function frames(page: Page, selector: string, wheel: object): Promise<number> {
  const init = JSON.stringify({
    bubbles: true,
    cancelable: true,
    clientX: 800,
    clientY: 500,
    ...wheel,
  });
  return inPage(
    page,
    `
    const element = document.querySelector(${JSON.stringify(selector)});
    const took = [];
    let last = await frame();
    for (let i = 0; i < ${FRAMES}; i++) {
      element.dispatchEvent(new WheelEvent("wheel", ${init}));
      const now = await frame();
      took.push(now - last);
      last = now;
    }
    took.sort((a, b) => a - b);
    return took[Math.floor(took.length * 0.95)];`,
  );
}

/** From a letter typed until the number of spans found shows. */
function search(page: Page): Promise<number> {
  return inPage(
    page,
    `
    const box = document.querySelector("#find-in-trace");
    box.value = "supplier";
    const begin = performance.now();
    box.dispatchEvent(new Event("input", { bubbles: true }));
    await until(() => document.querySelector(".find .count"));
    return performance.now() - begin;`,
  );
}

/** From a key that folds everything until the rows are fewer. */
function fold(page: Page): Promise<number> {
  return inPage(
    page,
    `
    const rows = () => Number(document.querySelector(".waterfall").getAttribute("aria-rowcount"));
    const before = rows();
    const begin = performance.now();
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "]", bubbles: true }));
    await until(() => rows() < before);
    return performance.now() - begin;`,
  );
}

function inPage(page: Page, code: string): Promise<number> {
  return page.evaluate(`(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const until = async (there) => { while (!there()) await frame(); };
    ${code}
  })()`);
}

async function untilStored({ apiUrl }: SpawnedClew): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${apiUrl}/metrics`)).text();
    if (/^clew_queue_spans 0$/m.test(text)) return;
    await sleep(100);
  }
}

/** Linux counts the most memory a process had, and begins anew when told to. */
function resetPeak(pid: number): void {
  if (existsSync(`/proc/${pid}/clear_refs`)) writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

function peakMb(pid: number): number {
  if (!existsSync(`/proc/${pid}/status`)) return NaN;
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(peak) / 1024;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function report(all: readonly Figures[]): string {
  const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  const lines = all.map((figures) => {
    const { open: openBudget, frame } = budgets[figures.spans]!;
    return [
      figures.spans.toLocaleString("en-US"),
      `${ms(figures.openMs)} (≤ ${openBudget})`,
      `${ms(figures.zoomP95Ms)} (≤ ${frame})`,
      `${ms(figures.panP95Ms)} (≤ ${frame})`,
      ms(figures.flameP95Ms),
      ms(figures.searchMs),
      ms(figures.foldMs),
      `${figures.serverMb.toFixed(0)} MB`,
    ].join(" | ");
  });
  return `
| spans | open | zoom, p95 frame | pan, p95 frame | flame, p95 frame | search | fold all | Clew's memory |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${lines.map((line) => `| ${line} |`).join("\n")}

Node ${process.version}, Chromium ${browser.version()}, ${cpus()[0]?.model ?? "?"}, ${cpus().length} cores.
`;
}
