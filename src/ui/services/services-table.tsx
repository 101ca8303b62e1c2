import type { ServicesAnswer } from "../../api/contract.ts";
import { assignColours } from "../colours.ts";
import { formatNano, formatPercent } from "../explore/figures.ts";
import { Waiting } from "../explore/trace-list.tsx";
import { formatCount } from "../format.ts";
import type { Load } from "../load.ts";
import { Service } from "../shell/service.tsx";
import { serviceHref, type ServicesQuery } from "./services-route.ts";

interface ServicesTableProps {
  readonly query: ServicesQuery;
  readonly load: Load<ServicesAnswer>;
  readonly onRetry: () => void;
}

/** A line for each service. */
export function ServicesTable({ query, load, onRetry }: ServicesTableProps) {
  if (load.kind === "loading") return <Waiting what="services" />;
  if (load.kind === "failed") {
    return (
      <div class="nothing" role="alert">
        <h2 class="error">The services could not be read</h2>
        <p>
          {load.message}{" "}
          <button type="button" class="button" onClick={onRetry}>
            Try again
          </button>
        </p>
      </div>
    );
  }
  const { services } = load.value;
  const colours = assignColours(services.map(({ service }) => service));
  return (
    <table class="rows groups-table">
      <thead>
        <tr>
          <th scope="col">Service</th>
          <th scope="col" class="number">
            Calls
          </th>
          <th scope="col" class="number">
            Errors
          </th>
          <th scope="col" class="number">
            p95
          </th>
        </tr>
      </thead>
      <tbody>
        {services.map(({ service, calls, errors, p95Nano }) => (
          <tr key={service}>
            <td class="what">
              <a href={serviceHref({ name: service, time: query.time, utc: query.utc })}>
                <Service name={service} colour={colours.get(service) ?? 0} />
              </a>
            </td>
            <td class="number">{formatCount(calls)}</td>
            <td class="number">{errors > 0 ? formatPercent(errors / calls) : ""}</td>
            <td class="number">{formatNano(p95Nano)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
