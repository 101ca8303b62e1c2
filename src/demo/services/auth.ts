/** auth: knows who is behind a session. */
import { trace } from "@opentelemetry/api";
import type { Addresses, Running } from "../protocol.ts";
import { openPool } from "../sql.ts";
import { HttpError, serve } from "../web.ts";

/** Starts the service; it needs the database. */
export async function start(addresses: Addresses): Promise<Running> {
  const pool = await openPool(addresses);
  const server = await serve({
    "POST /verify": async ({ body }) => {
      const { token } = body as { readonly token?: unknown };
      const { rows } = await pool.query<{ user_id: string; expired: boolean }>(
        "SELECT user_id, expires_at < now() AS expired FROM sessions WHERE token = $1",
        [token],
      );
      const session = rows[0];
      if (session === undefined) throw new HttpError(401, "no such session");
      if (session.expired) throw new HttpError(401, "the session has expired");
      trace.getActiveSpan()?.setAttribute("user.id", session.user_id);
      return { status: 200, body: { userId: session.user_id } };
    },
    "GET /users/:user": async ({ params }) => {
      const { rows } = await pool.query<{ email: string }>(
        "SELECT email FROM users WHERE id = $1",
        [params["user"]],
      );
      if (rows[0] === undefined) throw new HttpError(404, `no user ${params["user"]}`);
      return { status: 200, body: { email: rows[0].email } };
    },
  });
  return {
    port: server.port,
    stop: async () => {
      await server.close();
      await pool.end();
    },
  };
}
