/** Where a ClickHouse answers HTTP, and as whom to speak to it. */
export interface Endpoint {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}
