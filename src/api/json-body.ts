import type { z } from "zod";
import { Fault } from "../base/fault.ts";
import type { HttpRequest } from "./http.ts";

/** The JSON that was sent, if it is what the schema says. Throws Fault "invalid". */
export async function jsonBody<T>(request: HttpRequest, schema: z.ZodType<T>): Promise<T> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(await request.body()).toString("utf8"));
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault("invalid", "the body is no JSON", { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join(".") ?? "";
  throw new Fault("invalid", `${place === "" ? "the body" : place}: ${issue?.message}`);
}
