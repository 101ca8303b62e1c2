/**
 * What the shop's processes are called and what they say to each other over Node's IPC channel:
 *
 *     parent                        child
 *       │  start {addresses} ────────▶ │   loads its modules meanwhile
 *       │ ◀──────────── ready {port}   │
 *       │  drain | flush ────────────▶ │
 *       │ ◀──────────── done           │
 *       │ ◀──────────── exporting      │   when sending spans begins to fail, or works again
 *       │  stop ─────────────────────▶ │   flushes, closes, exits
 *
 * A child whose channel closes ends by itself, so a killed parent leaves no orphan.
 */

/** The six traced services, as `service.name` says them, in the order a checkout meets them. */
export const services = [
  "api-gateway",
  "auth",
  "cart",
  "inventory",
  "payment",
  "notification",
] as const;

/** Every process of the shop. The database and the broker are not traced. */
export const roles = ["database", "broker", ...services] as const;
export type Role = (typeof roles)[number];

/** Loopback ports by role; a process is told those of the roles it depends on. */
export type Addresses = Readonly<Partial<Record<Role, number>>>;

/** From the shop to one of its processes. */
export type ParentMessage =
  | { readonly kind: "start"; readonly addresses: Addresses }
  /** To the broker: answer "done" once no message waits or is being worked on. */
  | { readonly kind: "drain" }
  /** To a service: answer "done" once every span ended so far was sent, or sending has failed. */
  | { readonly kind: "flush" }
  | { readonly kind: "stop" };

/** From a process to the shop. */
export type ChildMessage =
  | { readonly kind: "ready"; readonly port: number }
  | { readonly kind: "done" }
  | { readonly kind: "exporting"; readonly failure: string | undefined };

/** What a role's `start` gives back to the process that runs it. */
export interface Running {
  readonly port: number;
  /** Settles once there is nothing left to do; only the broker has it. */
  readonly drain?: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The port of a role that `addresses` must hold: whoever started this process forgot it otherwise. */
export function portOf(addresses: Addresses, role: Role): number {
  const port = addresses[role];
  if (port === undefined) throw new Error(`the address of ${role} was not handed over`);
  return port;
}
