import type { Clock } from '../../common/clock.js';
import { ComputeError, toComputeError } from '../../common/errors/index.js';
import type { Log } from '../../common/log.js';
import { correlationOf, type CallContext, type Observer, type RequestMeta, type Target } from '../contract/index.js';
import type { Answer, ChangeRoute } from './route.js';
import { deadlineExceeded, limited } from './time-limits.js';

export interface TargetFinderOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: Observer;
  /** Longest that accepting waits for a backend to name the target; then it is accepted by name. */
  readonly resolveTimeoutMs: number;
  readonly planTimeoutMs: number;
}

/** The errors that mean "no answer", after which a target is accepted by its name. */
const NO_ANSWER: ReadonlySet<string> = new Set([
  'BACKEND_UNREACHABLE',
  'BACKEND_TIMEOUT',
  'BACKEND_BUSY',
  'BACKEND_PROTOCOL',
]);

/** What a backend is asked about a changing request before it is accepted: what it acts on, and what it would do. */
export class TargetFinder {
  readonly #options: TargetFinderOptions;

  constructor(options: TargetFinderOptions) {
    this.#options = options;
  }

  /** @throws ComputeError as the route's `resolve`, `permit`, `mayBegin` and `plan` do, BACKEND_TIMEOUT */
  plan(route: ChangeRoute, meta: RequestMeta): Promise<Answer> {
    const { clock, planTimeoutMs } = this.#options;
    return this.#limited(clock.now() + planTimeoutMs, meta, route, async (ctx) => {
      const target = await permitted(ctx, route);
      return { operation_id: null, outcome: 'planned', steps: await route.plan(ctx, target) };
    });
  }

  /**
   * The target; undefined when its backend does not answer now.
   *
   * @param until the moment after which the request may not begin
   * @throws ComputeError as the route's `resolve`, `permit` and `mayBegin` do, DEADLINE_EXCEEDED
   */
  async find(route: ChangeRoute, method: string, until: number | null, meta: RequestMeta): Promise<Target | undefined> {
    const { clock, resolveTimeoutMs } = this.#options;
    const limit = clock.now() + resolveTimeoutMs;
    try {
      return await this.#limited(Math.min(until ?? limit, limit), meta, route, (ctx) => permitted(ctx, route));
    } catch (error) {
      if (route.needsTarget === true || !NO_ANSWER.has(toComputeError(error).code)) throw error;
      if (until !== null && until <= clock.now()) throw deadlineExceeded(method);
      return undefined;
    }
  }

  #limited<T>(
    moment: number,
    meta: RequestMeta,
    { driver, host }: ChangeRoute,
    work: (ctx: CallContext) => Promise<T>,
  ): Promise<T> {
    const { clock, log, observer } = this.#options;
    return limited(clock, moment, unanswered, (signal) => {
      const outgoing = observer.read({ driver, host, trace: meta.trace ?? null });
      return work({ clock, log: log.child(correlationOf(meta)), signal, outgoing });
    });
  }
}

/** The target, if it may be changed now. */
async function permitted(ctx: CallContext, route: ChangeRoute): Promise<Target> {
  const target = await route.resolve(ctx);
  await route.permit(ctx, target);
  await route.mayBegin?.(ctx);
  return target;
}

function unanswered(): ComputeError {
  return new ComputeError('BACKEND_TIMEOUT', 'the backend did not answer in time', {
    retry: 'safe',
    outcome: 'not-started',
  });
}
