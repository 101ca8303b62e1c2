/** What the pages of services have to show. */
import type { ServicesAnswer } from "../../api/contract.ts";
import { ask, timeParameters } from "../api.ts";
import { after, type Load } from "../load.ts";
import type { ServicesQuery } from "./services-route.ts";

/** Asks for the services of a time. */
export async function loadServices(
  { time }: ServicesQuery,
  before: Load<ServicesAnswer>,
  signal: AbortSignal,
): Promise<Load<ServicesAnswer>> {
  return after(before, await ask(`/services?${timeParameters(time)}`, signal));
}
