import type { Outgoing } from '../../common/outgoing.js';
import type { TraceContext } from '../../common/trace-context.js';

/** Where a call into a driver goes. */
export interface ObservedPlace {
  /** Virt driver or power type. */
  readonly driver: string;
  /** Of the configuration; null for machines with a power controller. */
  readonly host: string | null;
  readonly trace: TraceContext | null;
}

/** An operation that is being carried out. */
export interface ObservedAttempt extends ObservedPlace {
  readonly operationId: string;
  readonly method: string;
  readonly fence: number;
}

export interface AttemptWatch {
  /** For the requests of the step under way. */
  readonly outgoing: Outgoing | undefined;
  /** A step begins, and with it ends the one before. */
  step(name: string): void;
  /** @param failure code of the error that it ended with */
  end(failure?: string): void;
}

export interface SweepWatch {
  readonly outgoing: Outgoing | undefined;
  /** @param codes of each machine's error, or "ok" */
  end(codes: readonly string[]): void;
}

/** Whoever looks at the calls into drivers: metrics and traces. Nothing here ever fails or waits. */
export interface Observer {
  /** A call that changes nothing. */
  read(place: ObservedPlace): Outgoing | undefined;
  attempt(attempt: ObservedAttempt): AttemptWatch;
  /** A controller is asked for the states of many machines. */
  sweep(place: ObservedPlace): SweepWatch;
}

const UNWATCHED: AttemptWatch = { outgoing: undefined, step: () => undefined, end: () => undefined };

/** Nobody looks. */
export const noObserver: Observer = {
  read: () => undefined,
  attempt: () => UNWATCHED,
  sweep: () => ({ outgoing: undefined, end: () => undefined }),
};
