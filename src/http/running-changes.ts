import type { Clock } from '../common/clock.js';
import type { JsonValue } from '../common/errors/index.js';
import type { TraceContext } from '../common/trace-context.js';
import { newRequestId, type HttpRequests } from './http-requests.js';

/** A change that is asked for over HTTP. */
export interface RequestedChange {
  readonly method: 'power.on' | 'power.off';
  /** The fields that name the machine. */
  readonly machine: Readonly<Record<string, string>>;
  readonly requestedBy: string;
  /** After this time nothing more of it is begun. */
  readonly deadlineMs: number;
  /** The trace that whoever asks first continues. */
  readonly trace?: TraceContext | undefined;
}

/** How far a change came while its caller waited. */
export type Awaited =
  | { readonly kind: 'ended'; readonly answer: JsonValue }
  /** It goes on; `operation.get` tells of it by this key. */
  | { readonly kind: 'running'; readonly idempotencyKey: string };

interface Running {
  readonly method: string;
  readonly idempotencyKey: string;
  readonly outcome: Promise<JsonValue>;
}

/**
 * Changes under way for callers that ask again when they do not see an effect soon enough: the same change of the same
 * machine is joined while it runs, unless another has been asked for since. Kept in this process only: what another process
 * is asked waits there for its turn, and then finds the state that it asks for.
 */
export class RunningChanges {
  /** The newest change of each machine, by caller. */
  readonly #newest = new Map<string, Running>();

  constructor(
    private readonly requests: HttpRequests,
    private readonly clock: Clock,
  ) {}

  /** Begins a change, or joins it, and waits for its end, for so long. @throws ComputeError */
  async ask(change: RequestedChange, waitMs: number): Promise<Awaited> {
    const name = JSON.stringify([change.requestedBy, change.machine]);
    const known = this.#newest.get(name);
    const running = known?.method === change.method ? known : this.#begin(name, change);
    const ended = running.outcome.then((answer): Awaited => ({ kind: 'ended', answer }));
    let stop = (): void => undefined;
    const tooLong = new Promise<Awaited>((resolve) => {
      const { idempotencyKey } = running;
      stop = this.clock.after(waitMs, () => resolve({ kind: 'running', idempotencyKey }));
    });
    try {
      return await Promise.race([ended, tooLong]);
    } finally {
      stop();
    }
  }

  #begin(name: string, { method, machine, requestedBy, deadlineMs, trace }: RequestedChange): Running {
    const idempotencyKey = newRequestId();
    const params = { ...machine, deadline_ms: deadlineMs, idempotency_key: idempotencyKey };
    const outcome = this.requests.askAs(requestedBy, method, params, { requestId: idempotencyKey, trace });
    const running = { method, idempotencyKey, outcome };
    this.#newest.set(name, running);
    const forget = (): void => {
      if (this.#newest.get(name) === running) this.#newest.delete(name);
    };
    // Nobody need be waiting for it.
    outcome.then(forget, forget);
    return running;
  }
}
