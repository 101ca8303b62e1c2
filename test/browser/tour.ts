/** The walk of docs/tour.md: from "something is slow" and "something fails" to the lines that do it. */
import type { Locator, Page } from "playwright-core";

/** What the walk is done with. */
export interface TourOptions {
  /** Of the running Clew. */
  readonly url: string;
  /** Called where there is something to see. */
  readonly picture?: (name: string) => Promise<void>;
}

/** What was found. */
export interface TourFindings {
  readonly clicks: number;
  /** The drawer of the span that a slow request spends its time in. */
  readonly slow: string;
  /** The first error of the service that fails most. */
  readonly service: string;
  readonly error: string;
  /** The drawer of a span with that error. */
  readonly failed: string;
}

/** Walks it on a page. */
export async function walkTour(
  page: Page,
  { url, picture = async () => {} }: TourOptions,
): Promise<TourFindings> {
  let clicks = 0;
  const click = async (target: Locator): Promise<void> => {
    await target.click();
    clicks++;
  };

  // The slow dependency.
  await page.goto(`${url}/?since=900`);
  await page.locator(".heatmap canvas").waitFor();
  await click(page.getByRole("link", { name: "Duration" }));
  await page.locator("[aria-sort=descending]", { hasText: "Duration" }).waitFor();
  await page.getByText(/ rows read/).waitFor();
  await picture("explore");
  const traces = page.locator(".traces-table tbody tr:not(:has(.error))");
  await click(traces.first().getByRole("link"));
  await click(page.getByRole("button", { name: "Critical path" }));
  const slowest = await longest(page.locator("[role=row][aria-level]", { hasText: "inventory" }));
  await click(slowest);
  const drawer = page.locator(".drawer");
  await drawer.getByText("Self time").waitFor();
  await drawer
    .getByText(/pg_sleep/)
    .first()
    .waitFor();
  await picture("slow");
  const slow = await drawer.innerText();

  // The failing service.
  await click(page.getByRole("link", { name: "Services", exact: true }));
  await click(page.getByRole("link", { name: /^Errors/ }));
  await page.locator("[aria-sort=descending]", { hasText: "Errors" }).waitFor();
  await picture("services");
  const worst = page.locator("tbody tr").first().getByRole("link").first();
  const service = (await worst.innerText()).trim();
  await click(worst);
  const error = page.locator("tr", { hasText: "did not answer" }).first();
  await error.waitFor();
  await picture("failing");
  const text = await error.innerText();
  await click(error.getByRole("link", { name: / ago$|^now$/ }));
  const reason = drawer.getByText(/did not answer/).first();
  await reason.scrollIntoViewIfNeeded();
  await picture("failed");
  return { clicks, slow, service, error: text, failed: await drawer.innerText() };
}

/** The database query that took longest, by what its row says. */
async function longest(rows: Locator): Promise<Locator> {
  const queries = rows.filter({ hasText: "pg.query" });
  await queries.first().waitFor();
  const texts = await queries.allInnerTexts();
  const nanos = texts.map((text) => {
    const [, value = "0", unit = "ns"] = /([\d.]+) (ns|µs|ms|s) from/.exec(text) ?? [];
    return Number(value) * { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 }[unit as "ns"];
  });
  return queries.nth(nanos.indexOf(Math.max(...nanos)));
}
