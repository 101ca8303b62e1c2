/** A process of the shop: `node child.ts <role> <OTLP URL>`, started with an IPC channel by
 * `children.ts`. Loads the role's modules, then does what the parent says. */
import { roles } from "./protocol.ts";
import type { Addresses, ChildMessage, ParentMessage, Role, Running } from "./protocol.ts";
import type { Tracing } from "./tracing.ts";

/** Stopping takes no longer, whatever hangs. The parent waits a little longer still. */
const STOP_LIMIT_MS = 5_000;

interface RoleModule {
  readonly start: (addresses: Addresses) => Promise<Running>;
}

/** Each release of a service has its version, as in life. */
const versions: Partial<Record<Role, string>> = {
  "api-gateway": "2.4.1",
  auth: "1.9.0",
  cart: "3.0.2",
  inventory: "5.1.0",
  payment: "2.2.7",
  notification: "1.3.4",
};

function load(role: Role): Promise<RoleModule> {
  switch (role) {
    case "database":
      return import("./database.ts");
    case "broker":
      return import("./broker.ts");
    case "api-gateway":
      return import("./services/api-gateway.ts");
    case "auth":
      return import("./services/auth.ts");
    case "cart":
      return import("./services/cart.ts");
    case "inventory":
      return import("./services/inventory.ts");
    case "payment":
      return import("./services/payment.ts");
    case "notification":
      return import("./services/notification.ts");
  }
}

function send(message: ChildMessage): void {
  // The channel may be closing: then nobody is left to be told.
  if (process.connected) process.send?.(message, () => {});
}

async function traceAs(role: Role, otlpUrl: string): Promise<Tracing | undefined> {
  const version = versions[role];
  if (version === undefined) return undefined;
  const { startTracing } = await import("./tracing.ts");
  return startTracing({
    service: role,
    version,
    otlpUrl,
    onExporting: (failure) => send({ kind: "exporting", failure }),
  });
}

async function main(): Promise<void> {
  const role = roles.find((name) => name === process.argv[2]);
  const otlpUrl = process.argv[3] ?? "";
  if (role === undefined || !process.connected) {
    throw new Error("child.ts is started by the demo shop, with a role and an IPC channel");
  }
  // The parent decides when to end; its own end closes the channel.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

  let running: Running | undefined;
  let tracing: Tracing | undefined;
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
    await running?.stop();
    await tracing?.stop();
    process.exit(0);
  };
  const obey = async (message: ParentMessage): Promise<void> => {
    switch (message.kind) {
      case "start":
        tracing = await traceAs(role, otlpUrl);
        running = await (await loading).start(message.addresses);
        return send({ kind: "ready", port: running.port });
      case "drain":
        await running?.drain?.();
        return send({ kind: "done" });
      case "flush":
        await tracing?.flush();
        return send({ kind: "done" });
      case "stop":
        return stop();
    }
  };
  // Instrumentation is in place before the role loads: its modules import tracing.ts first.
  const loading = load(role);
  process.on("disconnect", () => void stop());
  process.on("message", (message: ParentMessage) => void obey(message));
}

await main();
