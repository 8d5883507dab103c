/** What is known of a request to a backend before it is sent. Neither path nor parameters: they may hold secrets. */
export interface OutgoingRequest {
  /** In the words of the protocol: `GET`, `domain_create`. */
  readonly method: string;
  readonly host: string;
  readonly port: number;
}

/** A request that is under way. */
export interface RequestUnderWay {
  /** To be sent with it, where the protocol has headers: those by which the other side can continue the trace. */
  readonly headers: Readonly<Record<string, string>>;
  /** @param outcome a status of the protocol (0 for a good answer where there are none), or why there is none */
  end(outcome: number | string): void;
}

/** Whoever looks at the requests that a call into a driver causes. Never fails. */
export interface Outgoing {
  begin(request: OutgoingRequest): RequestUnderWay;
}
