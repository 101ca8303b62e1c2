import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ServicesAnswer } from "../../api/contract.ts";
import { formatSome } from "../format.ts";
import type { Load } from "../load.ts";
import { FindField } from "../shell/find-field.tsx";
import { NoticeIcon } from "../shell/icons.tsx";
import { Nothing, NotRead, Waiting } from "../shell/nothing.tsx";
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
  const change = (part: Partial<ServicesQuery>, replace = false): void =>
    go(servicesHref({ ...query, ...part }), { replace });
  return (
    <main class="explore services">
      <h1 class="hidden">Services</h1>
      <PageBar query={query} onChange={change}>
        <FindField label="Service" value={query.find} onFind={(find) => change({ find }, true)} />
      </PageBar>
      <Services query={query} load={state.value} onRetry={() => tries.value++} />
    </main>
  );
}

interface ServicesProps {
  readonly query: ServicesQuery;
  readonly load: Load<ServicesAnswer>;
  readonly onRetry: () => void;
}

function Services({ query, load, onRetry }: ServicesProps) {
  if (load.kind === "loading") return <Waiting what="services" />;
  if (load.kind === "failed") {
    return <NotRead what="The services" message={load.message} onRetry={onRetry} />;
  }
  const { services } = load.value;
  if (services.length === 0) return <NoService query={query} />;
  const wanted = query.find.toLowerCase();
  const found = services.filter(({ service }) => service.toLowerCase().includes(wanted));
  return (
    <>
      {load.problem !== "" && (
        <p class="banner" role="status">
          <NoticeIcon /> These figures are old: {load.problem}
        </p>
      )}
      {found.length === 0 ? (
        <Nothing title={`No service has “${query.find}” in its name`}>
          <a href={servicesHref({ ...query, find: "" })}>
            Show all {formatSome(services.length, "service")}
          </a>
        </Nothing>
      ) : (
        <ServicesTable
          query={query}
          answer={load.value}
          services={found}
          nowSeconds={load.atMs / 1000}
        />
      )}
    </>
  );
}

function NoService({ query }: { query: ServicesQuery }) {
  const { time } = query;
  const isLong = time.kind === "since" && time.seconds >= 604_800;
  return (
    <Nothing title="No service sent spans in this time">
      {!isLong && (
        <>
          <a href={servicesHref({ ...query, time: { kind: "since", seconds: 604_800 } })}>
            Look at the last 7 days
          </a>{" "}
          or see{" "}
        </>
      )}
      <a href="/">{isLong ? "How to send spans" : "how to send spans"}</a>
    </Nothing>
  );
}
