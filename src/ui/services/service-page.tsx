import { useEffect } from "preact/hooks";
import { exploreHref } from "../explore/explore-route.ts";
import { SERVICE, withField } from "../explore/filters.ts";
import { PageBar } from "../shell/page-bar.tsx";
import { go } from "../shell/place.ts";
import { serviceHref, type ServiceQuery } from "./services-route.ts";

/** What one service does, and for whom. */
export default function ServicePage({ query }: { query: ServiceQuery }) {
  const { name, time, utc } = query;
  useEffect(() => {
    document.title = `${name} – Clew`;
  }, [name]);
  const q = withField("", SERVICE, { type: "string", value: name });
  return (
    <main class="explore service-page">
      <PageBar query={query} onChange={(part) => go(serviceHref({ ...query, ...part }))}>
        <h1>{name}</h1>
        <a href={exploreHref({ q, time, utc })}>Its traces</a>
      </PageBar>
    </main>
  );
}
