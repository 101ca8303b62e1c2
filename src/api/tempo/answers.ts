/** What Tempo's answers look like on HTTP, and in which form a client wants them. */
import { type Message, objectToProto } from "../../wire/proto-json.ts";
import type { HttpFailure, HttpRequest, HttpResponse } from "../http.ts";

/** The forms that an answer may be wanted in. */
export type AnswerForm = "protobuf" | "json" | "llm";

const types = {
  protobuf: "application/protobuf",
  json: "application/json",
  llm: "application/vnd.grafana.llm",
} as const;

/** What the Accept header asks for; JSON if it does not say. Its text is searched, as Tempo does. */
export function wantedForm({ headers }: HttpRequest): AnswerForm {
  const accept = headers.accept ?? "";
  const forms = ["protobuf", "json", "llm"] as const;
  return forms.find((form) => accept.includes(types[form])) ?? "json";
}

/** A bare message. */
export function plain(status: number, text: string): HttpResponse {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: text };
}

/** A good answer in JSON. */
export function json(value: unknown): HttpResponse {
  const headers = { "content-type": types.json, vary: "accept-encoding" };
  return { status: 200, headers, body: JSON.stringify(value) };
}

/** A good answer for a language model. */
export function llm(value: unknown): HttpResponse {
  const headers = { "content-type": `${types.llm}+json`, vary: "accept-encoding" };
  return { status: 200, headers, body: JSON.stringify(value) };
}

/** A good answer in protobuf. */
export function protobuf(bytes: Uint8Array): HttpResponse {
  return { status: 200, headers: { "content-type": types.protobuf }, body: bytes };
}

/** A failure as Tempo words it: the bare message. */
export function tempoFailure({ code, message, status }: HttpFailure): HttpResponse {
  return plain(code === "notFound" ? 404 : status, message);
}

/** A message in the form that the client wants; who wants that of language models gets JSON. */
export function answerIn(request: HttpRequest, value: object, message: Message): HttpResponse {
  if (wantedForm(request) === "protobuf") return protobuf(objectToProto(value, message));
  return json(value);
}
