/** Random small traces of services that call each other in every way, right and wrong. */
import fc from "fast-check";
import { spanKinds, spanStatuses, type Trace } from "../../src/model/trace.ts";
import { type BriefAttributes, type BriefSpan, briefTrace } from "./brief-trace.ts";

const attributes: fc.Arbitrary<BriefAttributes> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.record(
    {
      "messaging.system": fc.constantFrom("kafka", "sqs", ""),
      "messaging.destination.name": fc.constantFrom("orders", "mails"),
      "messaging.operation.type": fc.constantFrom("send", "receive", "process", "settle", "create"),
      "messaging.operation": fc.constantFrom("publish", "ACK"),
    },
    { requiredKeys: [] },
  ),
  fc.record(
    {
      "db.system.name": fc.constantFrom("postgresql", "redis"),
      "db.name": fc.constantFrom("carts", ""),
      "server.address": fc.constantFrom("db-1"),
    },
    { requiredKeys: [] },
  ),
  fc.record(
    {
      "service.peer.name": fc.constantFrom("t", "billing"),
      "rpc.service": fc.constantFrom("shop.Cart"),
      "rpc.method": fc.constantFrom("shop.Mail/Send", "Get", "/odd"),
      "server.address": fc.constantFrom("cart.example"),
      "net.peer.name": fc.constantFrom("old.example"),
      "peer.service": fc.constantFrom(1n),
    },
    { requiredKeys: [] },
  ),
);

const traceIds = [
  "0000000000000000000000000000000a",
  "000000000000000b000000000000000a",
  "0000000000000000000000000000000c",
];
const SPANS = 14;
/** Few ids, so that some are shared. */
const id = fc.nat(SPANS).map((number) => number.toString(16).padStart(16, "0"));
const link = fc.record({ trace: fc.constantFrom(...traceIds), span: id });

const span: fc.Arbitrary<BriefSpan & { trace: string }> = fc.record(
  {
    trace: fc.constantFrom(...traceIds),
    id: id.map((text) => text.replace(/^0/, "1")),
    of: id.map((text) => text.replace(/^0/, "1")),
    service: fc.constantFrom("s", "t", "u"),
    kind: fc.constantFrom(...spanKinds),
    status: fc.constantFrom(...spanStatuses),
    start: fc.constantFrom(0, 1, 61e9, 100e9),
    duration: fc.constantFrom(0, 1, 2_000_000, 2_000_001, 1e9, -3, 123_456_789),
    traceState: fc.constantFrom(
      "",
      "",
      "ot=th:8",
      "a=b, ot=rv:12;th:c ,ot=th:8",
      "ot=th:",
      "ot=th:zz;th:8",
      "ot=th:fffff",
    ),
    attributes,
    links: fc.array(
      link.map(({ trace, span: of }) => ({ trace, span: of.replace(/^0/, "1") })),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ["trace", "id", "service"] },
);

/** Traces that start within two minutes of each other, from `base` on, in unix nanoseconds. Of spans with
 * the same id, each is of another service. */
export function anyGraph(base: bigint): fc.Arbitrary<Trace[]> {
  const differently = ({ trace, id: own, service }: BriefSpan & { trace: string }): string =>
    [trace.slice(16), own, service].join(" ");
  const spans = fc.uniqueArray(span, { minLength: 1, maxLength: SPANS, selector: differently });
  return spans.map((spans) =>
    [...Map.groupBy(spans, ({ trace }) => trace)].map(([traceId, of]) =>
      briefTrace(
        of.map((each) => ({ ...each, start: each.start ?? 0 })),
        { traceId, base },
      ),
    ),
  );
}
