/**
 * What is to go wrong with a request, carried along with it as W3C Baggage, which OpenTelemetry's own
 * propagators pass from service to service, through the queue as well.
 * Source: www.w3.org/TR/baggage.
 */
import { propagation } from "@opentelemetry/api";

/** Trouble that a service makes for itself. (Other failures lie in the data: see `plan.ts`.) */
export const faults = ["inventoryError", "bankTimeout"] as const;
export type ScenarioFault = (typeof faults)[number];

/** Where a slow request loses its time: in the bank's answer, or in a database query. */
export const delays = ["bank", "stockQuery"] as const;
export type Delay = (typeof delays)[number];

/** What is to happen to one request on its way through the services. */
export interface Scenario {
  readonly fault?: ScenarioFault;
  readonly delay?: Delay;
  /** At least 0 and less than 1: where in its usual range every simulated duration falls. */
  readonly jitter: number;
}

/** The `baggage` header that carries the scenario. */
export function toBaggage({ fault, delay, jitter }: Scenario): string {
  const members = [`shop.jitter=${jitter.toFixed(6)}`];
  if (fault !== undefined) members.push(`shop.fault=${fault}`);
  if (delay !== undefined) members.push(`shop.delay=${delay}`);
  return members.join(",");
}

/** The scenario of the request being served; an uneventful one where it carries none. */
export function activeScenario(): Scenario {
  const baggage = propagation.getActiveBaggage();
  const valueOf = (key: string): string | undefined => baggage?.getEntry(`shop.${key}`)?.value;
  const fault = faults.find((name) => name === valueOf("fault"));
  const delay = delays.find((name) => name === valueOf("delay"));
  const jitter = Number(valueOf("jitter"));
  return {
    ...(fault === undefined ? {} : { fault }),
    ...(delay === undefined ? {} : { delay }),
    jitter: jitter >= 0 && jitter < 1 ? jitter : 0.5,
  };
}

/** Waits between `fromMs` and `toMs`, as the scenario's jitter says; gives back how long. */
export async function simulate(
  scenario: Scenario,
  [fromMs, toMs]: readonly [number, number],
): Promise<number> {
  const durationMs = Math.round(fromMs + (toMs - fromMs) * scenario.jitter);
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  return durationMs;
}
