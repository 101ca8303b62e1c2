/** A Clew for a test in a process of its own, as `clew start` runs it. */
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";

const main = path.join(import.meta.dirname, "../../src/cli/main.ts");

/** A running one. */
export interface SpawnedClew {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  readonly otlpUrl: string;
  readonly grpcAddress: string;
  readonly apiUrl: string;
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

/** How its process differs from the usual. */
interface Process {
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts one, on free ports unless the settings ("key=value") name others. */
export async function spawnClew(
  dataDir: string,
  settings: readonly string[],
  { nodeArgs = [], env = {} }: Process = {},
): Promise<SpawnedClew> {
  const anyPorts = ["otlp.grpc.port=0", "otlp.http.port=0", "http.port=0"];
  const ports = anyPorts.filter(
    (port) => !settings.some((one) => one.startsWith(port.slice(0, -1))),
  );
  const set = [...ports, ...settings].flatMap((setting) => ["--set", setting]);
  const flags = ["--disable-warning=ExperimentalWarning", ...nodeArgs];
  const child = spawn(process.execPath, [...flags, main, "start", "--data", dataDir, ...set], {
    stdio: ["ignore", "pipe", "pipe"],
    // Those of the test are no settings of Clew's.
    env: {
      ...Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !name.startsWith("CLEW_")),
      ),
      ...env,
    },
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  let banner = "";
  for await (const text of child.stdout.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    banner += text as string;
    if (banner.includes("Stop ")) break;
  }
  child.stdout.resume();
  const address = (label: string): string => {
    const found = new RegExp(`${label}\\s+(http:\\S+)`).exec(banner)?.[1];
    if (found === undefined) throw new Error(`clew did not start: ${banner}\n${log}`);
    return found;
  };
  return {
    child,
    ended,
    otlpUrl: address("OTLP/HTTP"),
    grpcAddress: new URL(address("OTLP/gRPC")).host,
    apiUrl: address("Look"),
    get events() {
      const lines = log.split("\n").slice(0, -1);
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    },
  };
}

/** Process ids that a message in the log tells, the newest last. */
export function pidsOf({ events }: SpawnedClew, message: string): number[] {
  return events.flatMap((event) => (event["message"] === message ? [event["pid"] as number] : []));
}
