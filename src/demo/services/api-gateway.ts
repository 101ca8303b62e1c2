/** api-gateway: what the outside sees of the shop. Every trace begins here. */
import { randomUUID } from "node:crypto";
import { trace } from "@opentelemetry/api";
import { portOf } from "../protocol.ts";
import type { Addresses, Running } from "../protocol.ts";
import { callByFetch, HttpError, serve } from "../web.ts";
import type { Request } from "../web.ts";
import type { CartBody } from "./cart.ts";

/** Starts the service; it needs auth, cart, inventory and payment. */
export async function start(addresses: Addresses): Promise<Running> {
  const ports = {
    auth: portOf(addresses, "auth"),
    cart: portOf(addresses, "cart"),
    inventory: portOf(addresses, "inventory"),
    payment: portOf(addresses, "payment"),
  };
  const get = <Body>(service: keyof typeof ports, path: string): Promise<Body> =>
    passOn(service, callByFetch<Body>({ method: "GET", port: ports[service], path }));
  const post = <Body>(service: keyof typeof ports, path: string, body: unknown): Promise<Body> =>
    passOn(service, callByFetch<Body>({ method: "POST", port: ports[service], path, body }));

  async function customerOf(request: Request): Promise<string> {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (token === undefined) throw new HttpError(401, "a bearer token is missing");
    const { userId } = await post<{ readonly userId: string }>("auth", "/verify", { token });
    trace.getActiveSpan()?.setAttribute("user.id", userId);
    return userId;
  }
  const cartOf = (userId: string): Promise<CartBody> =>
    get<CartBody>("cart", `/carts/${encodeURIComponent(userId)}`);

  const server = await serve({
    "GET /products": async () => ({ status: 200, body: await get("inventory", "/products") }),
    "GET /cart": async (request) => ({
      status: 200,
      body: await cartOf(await customerOf(request)),
    }),
    "POST /checkout": async (request) => {
      const userId = await customerOf(request);
      const { items, totalCents } = await cartOf(userId);
      const orderId = randomUUID();
      trace.getActiveSpan()?.setAttribute("shop.order.id", orderId);
      await post("inventory", "/reservations", { items });
      try {
        await post("payment", "/payments", { orderId, userId, totalCents });
      } catch (error) {
        await post("inventory", "/releases", { items });
        throw error;
      }
      return { status: 201, body: { orderId, totalCents } };
    },
  });
  return { port: server.port, stop: () => server.close() };
}

/** What a service refuses is the caller's to know; that a service is broken is a bad gateway. */
async function passOn<Body>(service: string, call: Promise<Body>): Promise<Body> {
  try {
    return await call;
  } catch (cause) {
    if (cause instanceof HttpError && cause.status < 500) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new HttpError(502, `${service} failed: ${message}`, { cause });
  }
}
