import { createHash } from 'node:crypto';
import type { Clock } from '../../common/clock.js';
import { canonicalJson } from '../../common/json.js';
import type { Log } from '../../common/log.js';
import type { MachineRecord } from '../../journal/machine-store.port.js';
import { correlationOf, type MethodNameOfKind, type Observer, type RequestMeta } from '../contract/index.js';
import type { Destination } from './destination.js';
import type { Answer, ReadRoute } from './route.js';
import type { Router } from './router.js';
import { SharedWork } from './shared-work.js';
import { limited, notAnswered } from './time-limits.js';

export interface ReadsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: Observer;
  /** Longest that a read may take. */
  readonly timeoutMs: number;
}

/** Reads go straight to the driver and never wait for operations; equal ones in flight share one backend call. */
export class Reads {
  readonly #router: Router;
  readonly #options: ReadsOptions;
  readonly #shared = new SharedWork<Answer>();

  constructor(router: Router, options: ReadsOptions) {
    this.#router = router;
    this.#options = options;
  }

  /** @param known the machine that it names, when it has been looked up already */
  async run(
    method: MethodNameOfKind<'read'>,
    params: Destination,
    meta: RequestMeta,
    known?: MachineRecord,
  ): Promise<Answer> {
    const route = await this.#router.read(method, params, known);
    return this.#shared.run(keyOf(method, params, route.revision), () => this.#ask(method, route, meta));
  }

  #ask(method: MethodNameOfKind<'read'>, route: ReadRoute, meta: RequestMeta): Promise<Answer> {
    const { clock, log, observer, timeoutMs } = this.#options;
    return limited(
      clock,
      clock.now() + timeoutMs,
      () => notAnswered(method, timeoutMs),
      (signal) => {
        const outgoing = observer.read({ driver: route.driver, host: route.host, trace: meta.trace ?? null });
        return route.read({ clock, log: log.child(correlationOf(meta)), signal, outgoing });
      },
    );
  }
}

/** Requests with equal keys ask for the same thing with the same credentials. Credentials are in it, so it is a digest. */
function keyOf(method: string, params: Destination, revision = 0): string {
  const { host, instance = '', ...more } = params;
  if (host !== undefined && Object.keys(more).length === 0) return `${method} ${host}\n${instance}`;
  return createHash('sha256')
    .update(`${method} ${canonicalJson(params)} ${revision}`)
    .digest('base64');
}
