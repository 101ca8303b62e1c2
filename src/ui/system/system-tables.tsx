/** What was refused, what ClickHouse holds, and what is asked. */
import type { ComponentChildren } from "preact";
import type { SystemAnswer } from "../../api/contract.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatInstant,
  formatShare,
  formatSome,
} from "../format.ts";

interface TableProps {
  readonly name: string;
  readonly columns: readonly (readonly [name: string, kind?: string])[];
  readonly children: ComponentChildren;
}

function Table({ name, columns, children }: TableProps) {
  return (
    <table class="rows" aria-label={name}>
      <thead>
        <tr>
          {columns.map(([column, kind = ""]) => (
            <th key={column} scope="col" class={kind}>
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

const whatNames: Readonly<Record<SystemAnswer["refusals"][number]["what"], string>> = {
  spans: "Spans",
  request: "Export requests",
  connection: "Connections",
  spansAtDoor: "Spans at the door",
};

/** What was not taken, by reason. */
export function Refusals({ refusals }: { refusals: SystemAnswer["refusals"] }) {
  return (
    <section>
      <h2>Refused</h2>
      {refusals.length === 0 ? (
        <p class="soft">Nothing since Clew started: what came was taken.</p>
      ) : (
        <Table
          name="Refused, by reason"
          columns={[["What"], ["Why", "why"], ["Last hour", "number"], ["In all", "number"]]}
        >
          {refusals.map(({ what, door, reason, words, lastHour, total }) => (
            <tr key={`${what}/${door}/${reason}`}>
              <td>
                {whatNames[what]} {door !== "" && <span class="soft">{doorName(door)}</span>}
              </td>
              <td class="why" title={`${words} (${reason})`}>
                {words}
              </td>
              <td class="number">{formatCount(lastHour)}</td>
              <td class="number soft">{formatCount(total)}</td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}

function doorName(door: string): string {
  return door === "otlp_grpc" ? "OTLP/gRPC" : door === "otlp_http" ? "OTLP/HTTP" : door;
}

/** Disks, tables, merges and statements; or why nothing is known of them. */
export function Store({ store, problem }: { store: SystemAnswer["store"]; problem: string }) {
  if (store === null) {
    return (
      <section>
        <h2>ClickHouse</h2>
        <p class="error">{problem}</p>
      </section>
    );
  }
  const { disks, tables, days, merges, statements, version, uptimeSeconds } = store;
  return (
    <section>
      <h2>
        ClickHouse <span class="soft">{version}</span>
      </h2>
      <dl class="facts">
        <Fact name="Up for" value={formatDuration(uptimeSeconds * 1e9)} />
        {days !== undefined && (
          <Fact name="Days of spans" value={days[0] === days[1] ? days[0] : days.join(" – ")} />
        )}
        <Fact
          name="Merges"
          value={
            merges.running === 0 ? "none" : `${merges.running} of ${formatBytes(merges.bytes)}`
          }
        />
        <Fact name="Statements" value={statementsText(statements)} />
      </dl>
      {disks.map(({ name, path, freeBytes, totalBytes }) => (
        <div class="disk" key={name} title={path}>
          <meter
            min={0}
            max={totalBytes}
            value={totalBytes - freeBytes}
            aria-label={`Disk ${name}`}
          />
          <span>
            {formatBytes(freeBytes)} free{" "}
            <span class="soft">
              of {formatBytes(totalBytes)}, {formatShare(freeBytes, totalBytes)}
              {name !== "default" && `, disk ${name}`}
            </span>
          </span>
        </div>
      ))}
      {tables.length > 0 && (
        <Table
          name="Tables of ClickHouse"
          columns={[["Table"], ["Rows", "number"], ["On disk", "number"], ["Parts", "number"]]}
        >
          {tables.map(({ name, rows, bytes, parts, mostParts }) => (
            <tr key={name}>
              <td title={name}>
                <code>{name}</code>
              </td>
              <td class="number">{formatCount(rows)}</td>
              <td class="number">{formatBytes(bytes)}</td>
              <td class="number" title={`At most ${mostParts} in one partition`}>
                {formatCount(parts)}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}

function statementsText(statements: NonNullable<SystemAnswer["store"]>["statements"]): string {
  const { running, inserts, longestSeconds, memoryBytes } = statements;
  if (running === 0) return "none running";
  const longest = formatDuration(longestSeconds * 1e9);
  const some = `${running} running, ${formatSome(inserts, "insert")}`;
  return `${some}; the longest ${longest}, ${formatBytes(memoryBytes)}`;
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface QuestionsProps {
  readonly questions: SystemAnswer["questions"];
  readonly offsetMinutes: number;
}

/** What is being asked, and what took long to answer. */
export function Questions({ questions, offsetMinutes }: QuestionsProps) {
  const { running, slow } = questions;
  const all = [...running, ...slow];
  return (
    <section>
      <h2>Questions</h2>
      {all.length === 0 ? (
        <p class="soft">None is being answered, and none of the last hour took over a second.</p>
      ) : (
        <Table
          name="Questions that run or took long"
          columns={[["Asked", "when"], ["Question"], ["Took", "number"], ["Status", "number"]]}
        >
          {all.map(({ path, query, startedAtMs, seconds, status }) => (
            <tr key={`${startedAtMs}${path}${query}`}>
              <td class="when">{clock(startedAtMs, offsetMinutes)}</td>
              <td title={`${path} ${query}`}>
                <code>{path}</code> <code class="soft">{query}</code>
              </td>
              <td class="number">{formatDuration(seconds * 1e9)}</td>
              <td class={(status ?? 0) >= 500 ? "number error" : "number"}>
                {status === null ? "running" : status}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}

function clock(ms: number, offsetMinutes: number): string {
  return formatInstant(`${BigInt(Math.round(ms)) * 1_000_000n}`, offsetMinutes).slice(11, 19);
}
