/**
 * Attributes with a column of their own: those that most queries ask for, and that most spans of
 * their kind carry. Names: OpenTelemetry semantic conventions 1.44, each with the old names that
 * senders still use beside it. Everything else is in the maps; see `schema.ts`.
 */
import { attributeTypes, type AttributeType } from "../model/attribute-columns.ts";

/** Whose attribute it is. */
export type AttributeScope = "span" | "resource";

/** An attribute and the column that holds its values of one type. */
export interface PromotedAttribute {
  readonly scope: AttributeScope;
  readonly key: string;
  /** Values of other types go to the maps: a column holds one type exactly. */
  readonly type: AttributeType;
  readonly column: string;
  /** The column's ClickHouse type, always one that tells absent from empty. */
  readonly columnType: "LowCardinality(Nullable(String))" | "Nullable(String)" | "Nullable(Int64)";
}

/** Few distinct values: a dictionary column. */
const few = "LowCardinality(Nullable(String))";
/** As many distinct values as spans, perhaps. */
const many = "Nullable(String)";
const number = "Nullable(Int64)";

const span: readonly [columnType: PromotedAttribute["columnType"], ...keys: string[]][] = [
  [few, "http.request.method", "http.method"],
  [few, "http.route"],
  [number, "http.response.status_code", "http.status_code"],
  [many, "url.path", "http.target"],
  [many, "url.full", "http.url"],
  [few, "server.address", "net.peer.name", "net.host.name"],
  [few, "db.system.name", "db.system"],
  [few, "db.namespace", "db.name"],
  [few, "db.operation.name", "db.operation"],
  [few, "db.collection.name", "db.sql.table", "db.mongodb.collection", "db.cassandra.table"],
  [few, "db.query.summary"],
  [many, "db.query.text", "db.statement"],
  [few, "rpc.system.name", "rpc.system"],
  [few, "rpc.service"],
  [few, "rpc.method"],
  [few, "rpc.response.status_code", "rpc.status_code"],
  [number, "rpc.grpc.status_code"],
  [few, "messaging.system"],
  [few, "messaging.destination.name", "messaging.destination"],
  [few, "messaging.operation.type", "messaging.operation.name", "messaging.operation"],
  [few, "exception.type"],
  [few, "error.type"],
  [few, "service.peer.name", "peer.service"],
  [many, "user.id", "enduser.id"],
];

const resource: typeof span = [
  [few, "service.name"],
  [few, "service.version"],
  [few, "service.namespace"],
  [many, "service.instance.id"],
  [few, "deployment.environment.name", "deployment.environment"],
  [few, "k8s.namespace.name"],
  [few, "k8s.pod.name"],
  [few, "k8s.node.name"],
  [few, "k8s.container.name"],
  [few, "container.name"],
  [many, "container.id"],
  [few, "host.name"],
  [few, "cloud.region"],
  [few, "telemetry.sdk.language"],
];

/** All of them, in the order of their columns. */
export const promotedAttributes: readonly PromotedAttribute[] = [
  ...columns("span", span),
  ...columns("resource", resource),
];

function columns(scope: AttributeScope, lists: typeof span): PromotedAttribute[] {
  return lists.flatMap(([columnType, ...keys]) =>
    keys.map((key) => ({
      scope,
      key,
      type: columnType === number ? attributeTypes.int : attributeTypes.string,
      column: `${scope}_${key.replaceAll(".", "_")}`,
      columnType,
    })),
  );
}
