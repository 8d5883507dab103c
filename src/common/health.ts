/** What a part of the service says of itself. */
export interface Health {
  readonly ok: boolean;
  /** For people: why it is not ok, or what it is doing. Never holds a secret. */
  readonly detail: string;
}

/** A part without which no request can be served. */
export interface HealthSource {
  /** Stable word: "broker", "consumers", "journal". */
  readonly name: string;
  check(): Health | Promise<Health>;
}
