/** Questions to a running Clew over HTTP. */
import { apiBase, type ErrorAnswer } from "../api/contract.ts";
import { ORG_ID } from "../api/tenancy.ts";
import { Fault } from "../base/fault.ts";
import { type Given, type Option, UsageError } from "./arguments.ts";

const DEFAULT_URL = "http://127.0.0.1:3200";
const TIMEOUT_MS = 60_000;
const TENANT_HINT = "this Clew keeps tenants apart: --tenant or CLEW_TENANT says as whom you ask";

/** The option that says which Clew is asked. */
export const urlOption: Option = {
  type: "text",
  value: "URL",
  about: `the running Clew to ask (default: CLEW_URL, or ${DEFAULT_URL})`,
};

/** The option that says as whom. */
export const tenantOption: Option = {
  type: "text",
  value: "NAME",
  about: "whose spans, where Clew keeps tenants apart (default: CLEW_TENANT)",
};

/** The tenant to ask as, if one is given. */
export function askingTenant(
  given: Given,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  return given.text("tenant") ?? (env["CLEW_TENANT"] || undefined);
}

/** The address of the Clew to ask, without a slash at its end. Throws UsageError. */
export function clewUrl(given: Given, env: Readonly<Record<string, string | undefined>>): string {
  const url = given.text("url") ?? (env["CLEW_URL"] || DEFAULT_URL);
  const name = given.has("url") ? "--url" : "CLEW_URL";
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new UsageError(`${name} takes a URL like ${DEFAULT_URL}, got "${url}"`);
  }
  return url.replace(/\/+$/, "");
}

/** Asks Clew's own API, `path` following its base. Throws Fault for any answer but a good one. */
export function askClew<Answer>(url: string, path: string, tenant?: string): Promise<Answer> {
  return sendClew(url, path, { method: "GET", tenant });
}

interface Sending {
  readonly method: "GET" | "POST" | "DELETE";
  /** Sent as JSON. */
  readonly body?: object;
  readonly tenant: string | undefined;
}

/** The same with a method of its own, and something to send. */
export async function sendClew<Answer>(
  url: string,
  path: string,
  sending: Sending,
): Promise<Answer> {
  const { ok, status, text } = await send(url, apiBase + path, sending);
  const answer = parse(text);
  if (ok && answer !== undefined) return answer as Answer;
  const { error } = (answer ?? {}) as Partial<ErrorAnswer>;
  if (typeof error?.message === "string") {
    if (status === 401) throw new Fault("unauthenticated", `${error.message}; ${TENANT_HINT}`);
    throw new Fault(status === 404 ? "notFound" : "unavailable", error.message);
  }
  throw new Fault("unavailable", `what answers at ${url} is not Clew (HTTP ${status})`);
}

/** Asks Tempo's API, which Clew speaks as well. Throws Fault "invalid" with what is wrong with the
 * question, another for whatever else is no good answer. */
export async function askTempo<Answer>(
  url: string,
  path: string,
  tenant?: string,
): Promise<Answer> {
  const { ok, status, text } = await send(url, path, { method: "GET", tenant });
  const answer = ok ? parse(text) : undefined;
  if (answer !== undefined) return answer as Answer;
  const message = text.trim();
  if (status === 400) throw new Fault("invalid", message);
  if (status === 401) throw new Fault("unauthenticated", `${message}; ${TENANT_HINT}`);
  const hasReason = status >= 400 && message !== "" && !message.startsWith("<");
  if (hasReason && status !== 404) throw new Fault("unavailable", message);
  throw new Fault("unavailable", `what answers at ${url} is not Clew (HTTP ${status})`);
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

async function send(url: string, path: string, { method, body, tenant }: Sending) {
  try {
    const response = await fetch(url + path, {
      method,
      ...(body && { body: JSON.stringify(body) }),
      headers: {
        accept: "application/json",
        ...(body && { "content-type": "application/json" }),
        ...(tenant === undefined ? {} : { [ORG_ID]: tenant }),
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { ok: response.ok, status: response.status, text: await response.text() };
  } catch (error) {
    const hint = 'is it running? "clew start" starts it, --url names another';
    const message = `cannot reach Clew at ${url} (${reasonOf(error)}): ${hint}`;
    throw new Fault("unavailable", message, { cause: error });
  }
}

/** What fetch says went wrong; the telling error is often the cause of a "fetch failed". */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  const inner = cause as NodeJS.ErrnoException | undefined;
  return inner?.code ?? inner?.message ?? message;
}
