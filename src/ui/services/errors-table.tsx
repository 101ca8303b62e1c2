import type { ErrorGroupAnswer, ErrorsAnswer } from "../../api/contract.ts";
import { areaPath, linearScale } from "../explore/chart-lines.ts";
import { exploreHref } from "../explore/explore-route.ts";
import { Spark } from "../explore/figure-table.tsx";
import { formatAgo, formatCount, formatInstant, formatSome, unixMs } from "../format.ts";
import { ColumnHeads } from "../shell/column-heads.tsx";
import { localOffset } from "../local-time.ts";
import type { TimeView } from "../time-choice.ts";
import { traceHref } from "../trace/trace-query.ts";
import { errorQuery } from "./error-query.ts";

interface ErrorsTableProps {
  readonly answer: ErrorsAnswer;
  readonly query: TimeView;
  readonly nowMs: number;
}

/** Why spans failed: a line for each group, which leads to its spans, and to the newest of them. */
export function ErrorsTable({ answer, query, nowMs }: ErrorsTableProps) {
  const { groups, groupCount } = answer;
  return (
    <>
      <table class="rows errors-table">
        <ColumnHeads
          columns={[
            ["Error"],
            ["Spans", "number"],
            [<span class="hidden">Spans over time</span>, "spark"],
            ["First", "when inner"],
            ["Newest", "when"],
          ]}
        />
        <tbody>
          {groups.map((group) => (
            <ErrorLine
              key={`${group.type}\0${group.template}`}
              group={group}
              query={query}
              nowMs={nowMs}
            />
          ))}
        </tbody>
      </table>
      {groupCount > groups.length && (
        <p class="more">
          The {formatSome(groups.length, "group")} with the most spans, of {formatCount(groupCount)}
          .
        </p>
      )}
    </>
  );
}

interface ErrorLineProps extends Pick<ErrorsTableProps, "query" | "nowMs"> {
  readonly group: ErrorGroupAnswer;
}

function ErrorLine({ group, query: { time, utc }, nowMs }: ErrorLineProps) {
  const { type, template, spans, counts, names, sample, firstSeconds } = group;
  const most = counts.reduce((a, b) => Math.max(a, b), 0);
  const moment = (seconds: number): { text: string; title: string } => {
    const nano = BigInt(seconds) * 1_000_000_000n;
    const ms = unixMs(nano.toString());
    const offset = utc ? 0 : localOffset(ms);
    return { text: formatAgo(ms, nowMs), title: formatInstant(nano.toString(), offset) };
  };
  const [first, last] = [moment(firstSeconds), moment(sample.startSeconds)];
  return (
    <tr>
      <td class="what">
        <a
          href={exploreHref({ q: errorQuery(group), time, utc, allSpans: true })}
          title={`Show these spans: ${sample.message || names.join(", ")}`}
        >
          <span class="error-type">{type === "" ? "no type" : shortType(type)}</span>
          <span class="root-name">{template === "" ? names.join(", ") : template}</span>
        </a>
      </td>
      <td class="number">{formatCount(Math.round(spans))}</td>
      <td class="spark">
        <Spark steps={counts.length}>
          <path d={areaPath(counts, linearScale(most))} fill="var(--error)" />
        </Spark>
      </td>
      <td class="when inner" title={first.title}>
        {first.text}
      </td>
      <td class="when above">
        <a
          href={traceHref({
            traceId: sample.traceId,
            atSeconds: sample.startSeconds,
            span: sample.spanId,
            utc,
          })}
          title={`Open the trace of ${last.title}`}
        >
          {last.text}
        </a>
      </td>
    </tr>
  );
}

/** A class without its package: "SQLException" of "java.sql.SQLException". */
function shortType(type: string): string {
  return /^[\w$]+(\.[\w$]+)+$/.test(type) ? type.slice(type.lastIndexOf(".") + 1) : type;
}
