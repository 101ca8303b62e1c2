import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { PageBar } from "../shell/page-bar.tsx";
import { go } from "../shell/place.ts";
import { useLoad } from "../use-load.ts";
import { loadServices } from "./services-load.ts";
import { servicesHref, type ServicesQuery } from "./services-route.ts";
import { ServicesTable } from "./services-table.tsx";

const REFRESH_MS = 10_000;

/** All services with their calls, errors and durations. */
export default function ServicesPage({ query }: { query: ServicesQuery }) {
  const tries = useSignal(0);
  const { state } = useLoad(loadServices, {
    query,
    inputs: [query.time],
    everyMs: query.time.kind === "since" ? REFRESH_MS : undefined,
    tries,
  });
  useEffect(() => {
    document.title = "Services – Clew";
  }, []);
  return (
    <main class="explore services">
      <h1 class="hidden">Services</h1>
      <PageBar query={query} onChange={(part) => go(servicesHref({ ...query, ...part }))} />
      <ServicesTable query={query} load={state.value} onRetry={() => tries.value++} />
    </main>
  );
}
