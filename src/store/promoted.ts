/**
 * Attributes with a column of their own. Built in are those that most queries ask for, and that most
 * spans of their kind carry: names of the OpenTelemetry semantic conventions 1.44, each with the old
 * names that senders still use beside it. Traffic adds others; see `promote.ts`. Everything else is
 * in the maps; see `schema.ts`.
 */
import { createHash } from "node:crypto";
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
  readonly columnType: PromotedColumnType;
}

/** Types of such columns. */
export type PromotedColumnType =
  | "LowCardinality(Nullable(String))"
  | "Nullable(String)"
  | "Nullable(Int64)"
  | "Nullable(Float64)"
  | "Nullable(Bool)";

/** Few distinct values: a dictionary column. */
const few = "LowCardinality(Nullable(String))";
/** As many distinct values as spans, perhaps. */
const many = "Nullable(String)";
const number = "Nullable(Int64)";

const span: readonly [columnType: PromotedColumnType, ...keys: string[]][] = [
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

/** Those built in, in the order of their columns. */
export const builtInAttributes: readonly PromotedAttribute[] = [
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

/** Most characters of a key that may have a column. */
const MAX_KEY_LENGTH = 200;
const NAME_LENGTH = 60;
const HASH_LENGTH = 12;

/** An attribute as traffic shows it. */
export interface AttributeShape {
  readonly scope: AttributeScope;
  readonly key: string;
  readonly type: AttributeType;
  /** Whether its values repeat so much that a dictionary pays; of strings only. */
  readonly fewValues: boolean;
}

/**
 * The attribute with the column that it would get, or undefined if it can have none: no column holds
 * encoded values, and odd keys stay in the maps. Different attributes have columns of different names.
 */
export function promotedByTraffic({
  scope,
  key,
  type,
  fewValues,
}: AttributeShape): PromotedAttribute | undefined {
  if (type === attributeTypes.encoded) return undefined;
  if (key === "" || key.length > MAX_KEY_LENGTH || /\p{Cc}/u.test(key)) return undefined;
  const columnType =
    type === attributeTypes.string ? (fewValues ? few : many) : columnTypes.get(type)!;
  const readable = key.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
  const hash = createHash("sha256").update(`${scope} ${type} ${key}`).digest("hex");
  const column = `${scope}_${readable.slice(0, NAME_LENGTH)}_${hash.slice(0, HASH_LENGTH)}`;
  return { scope, key, type, column, columnType };
}

const columnTypes = new Map<AttributeType, PromotedColumnType>([
  [attributeTypes.int, number],
  [attributeTypes.double, "Nullable(Float64)"],
  [attributeTypes.bool, "Nullable(Bool)"],
]);
