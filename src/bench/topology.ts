/**
 * The systems that the traffic comes from: services with their instances, their operations, and who
 * calls whom. Calls go to later services only, so there are no circles.
 */
import type { KeySet, Protocol } from "./attribute-keys.ts";
import type { Random } from "./random.ts";

const MIN_SERVICES = 12;
const MAX_SERVICES = 60;

/** A pod that sends spans. */
export interface Instance {
  readonly id: string;
  readonly pod: string;
  readonly node: string;
}

/** One statement that a service sends to its database. */
export interface Statement {
  readonly operation: string;
  readonly collection: string;
  readonly text: string;
}

/** Something a service does when it is asked to. */
export interface Operation {
  readonly service: Service;
  /** Last part of the route, method or topic. */
  readonly name: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly calls: readonly Operation[];
  readonly statements: readonly Statement[];
}

/** A service of a topology. */
export interface Service {
  readonly name: string;
  readonly version: string;
  readonly language: Language;
  readonly namespace: string;
  readonly region: string;
  readonly instances: readonly Instance[];
  readonly database: string;
  readonly databaseSystem: "postgresql" | "mysql" | "redis" | "mongodb";
  /** How it is called. */
  readonly protocol: Exclude<Protocol, "database">;
  readonly operations: readonly Operation[];
}

/** What a service is written in, and the version of its SDK. */
export interface Language {
  readonly name: string;
  readonly sdkVersion: string;
}

/** A system of services; requests come in at the first one. */
export interface Topology {
  readonly services: readonly Service[];
}

const languages: readonly Language[] = [
  { name: "java", sdkVersion: "1.57.0" },
  { name: "go", sdkVersion: "1.39.0" },
  { name: "nodejs", sdkVersion: "2.2.0" },
  { name: "python", sdkVersion: "1.39.1" },
  { name: "dotnet", sdkVersion: "1.14.0" },
];
const subjects =
  "checkout cart catalog pricing inventory payment ledger fraud shipping address customer identity";
const moreSubjects =
  "search ranking recommend review media notify email template loyalty voucher tax invoice report";
const suffixes = ["service", "api", "worker", "backend", "proxy"];
const words = `${subjects} ${moreSubjects}`.split(" ");
const actions = ["list", "get", "create", "update", "validate", "reserve", "sync", "lookup"];
const methods = ["GET", "GET", "GET", "POST", "POST", "PUT", "DELETE"] as const;
const systems = ["postgresql", "postgresql", "mysql", "redis", "mongodb"] as const;
const regions = ["eu-central-1", "us-east-1", "ap-southeast-2"];

/** A system of 12 to 60 services. */
export function makeTopology(random: Random, keys: KeySet): Topology {
  const count = random.between(MIN_SERVICES, MAX_SERVICES);
  const [namespace, region] = [`${random.pick(words)}-prod`, random.pick(regions)];
  const services: Service[] = [];
  // From the last to the first, so that what a service calls is there already.
  for (let i = count - 1; i >= 0; i--) {
    const name =
      i === 0 ? "edge-gateway" : `${words[i % words.length]!}-${suffixes[i % suffixes.length]!}`;
    const again = Math.floor(i / words.length);
    const service = {
      name: again === 0 ? name : `${name}-${again + 1}`,
      version: `${random.between(1, 9)}.${random.below(30)}.${random.below(10)}`,
      language: random.pick(languages),
      namespace,
      region,
      instances: Array.from({ length: random.between(1, 2) }, () => makeInstance(random, name)),
      database: words[i % words.length]!,
      databaseSystem: random.pick(systems),
      protocol: i === 0 ? "http" : pickProtocol(random, keys),
      operations: [] as Operation[],
    };
    const operations = i === 0 ? 8 : random.between(2, 6);
    for (let n = 0; n < operations; n++) {
      service.operations.push(
        makeOperation(random, { service, later: services, isEntry: i === 0 }),
      );
    }
    services.unshift(service);
  }
  return { services };
}

function makeInstance(random: Random, service: string): Instance {
  const pod = `${service}-${random.hex(9)}-${random.hex(5)}`;
  const id = [8, 4, 4, 4, 12].map((digits) => random.hex(digits)).join("-");
  return { id, pod, node: `ip-10-0-${random.below(8)}-${random.below(250)}.compute.internal` };
}

function pickProtocol(random: Random, { protocols }: KeySet): Service["protocol"] {
  const wanted = random.pick(["http", "http", "http", "rpc", "rpc", "messaging"] as const);
  return protocols.includes(wanted) ? wanted : "http";
}

interface OperationSetting {
  readonly service: Service;
  readonly later: readonly Service[];
  readonly isEntry: boolean;
}

function makeOperation(random: Random, setting: OperationSetting): Operation {
  const { service, later, isEntry } = setting;
  const calls = Array.from({ length: isEntry ? random.between(2, 5) : random.below(4) }, () => {
    // Mostly near ones: calls go in layers.
    const near = later.slice(0, 12);
    return random.pick(random.chance(0.8) ? near : later)?.operations;
  }).flatMap((operations) => (operations === undefined ? [] : [random.pick(operations)]));
  return {
    service,
    name: `${random.pick(actions)}-${random.pick(words)}`,
    method: random.pick(methods),
    calls,
    statements: Array.from({ length: random.below(3) }, () => makeStatement(random)),
  };
}

function makeStatement(random: Random): Statement {
  const collection = `${random.pick(words)}s`;
  const column = `${random.pick(words)}_id`;
  switch (random.below(4)) {
    case 0:
      return {
        operation: "INSERT",
        collection,
        text: `INSERT INTO ${collection} (id, ${column}, created_at) VALUES ($1, $2, $3)`,
      };
    case 1:
      return {
        operation: "UPDATE",
        collection,
        text: `UPDATE ${collection} SET state = $1, updated_at = $2 WHERE ${column} = $3`,
      };
    default:
      return {
        operation: "SELECT",
        collection,
        text: `SELECT id, ${column}, state FROM ${collection} WHERE ${column} = $1 LIMIT $2`,
      };
  }
}
