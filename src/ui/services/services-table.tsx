import type { ServiceAnswer, ServicesAnswer } from "../../api/contract.ts";
import { assignColours } from "../colours.ts";
import { sortFigures } from "../explore/figure-sorting.ts";
import { type FigureLine, FigureTable } from "../explore/figure-table.tsx";
import { rateOf } from "../explore/figures.ts";
import { Service } from "../shell/service.tsx";
import { serviceHref, servicesHref, type ServicesQuery } from "./services-route.ts";

interface ServicesTableProps {
  readonly query: ServicesQuery;
  readonly answer: ServicesAnswer;
  /** Those of them that are shown. */
  readonly services: readonly ServiceAnswer[];
  readonly nowSeconds: number;
}

/** A line for each service; it leads to the service's page. */
export function ServicesTable({ query, answer, services, nowSeconds }: ServicesTableProps) {
  const { times = [], stepSeconds = 60 } = answer;
  // Of all services, so that filtering changes no colour.
  const colours = assignColours(answer.services.map(({ service }) => service));
  const lines = services.map((each): FigureLine & { readonly name: string } => {
    const { service, isOfRequests, series, ...total } = each;
    const colour = colours.get(service) ?? 0;
    return {
      key: service,
      name: service,
      href: serviceHref({ name: service, time: query.time, utc: query.utc }),
      title: service,
      label: (
        <>
          <Service name={service} colour={colour} />
          {!isOfRequests && <span class="kind soft">takes no requests: all spans</span>}
        </>
      ),
      colour,
      total,
      series: series ?? { calls: [], errors: [], p95Nano: [] },
    };
  });
  return (
    <FigureTable
      name="Service"
      lines={sortFigures(lines, query.sorting, ({ name }) => name)}
      rateOf={(total) => rateOf(total, { times, stepSeconds }, nowSeconds)}
      sorting={query.sorting}
      sortedHref={(sorting) => servicesHref({ ...query, sorting })}
    />
  );
}
