import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import type { MethodParams, MethodResult, Observer } from '../contract/index.js';
import { consoleAccess } from './answers.js';
import { offered, within } from './host-route.js';
import type { Router } from './router.js';
import { limited, notAnswered } from './time-limits.js';

const METHOD = 'compute.get_console';

export interface ConsolesOptions {
  readonly router: Router;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: Observer;
  readonly timeoutMs: number;
}

/** Opens consoles. Each is for who asks: no two requests share one, and nothing of it is written down. */
export class Consoles {
  readonly #options: ConsolesOptions;

  constructor(options: ConsolesOptions) {
    this.#options = options;
  }

  /** @throws ComputeError FEATURE_UNSUPPORTED, FORBIDDEN: who has a console can do anything to the guest */
  async open(request: MethodParams<'compute.get_console'>): Promise<MethodResult<'compute.get_console'>> {
    const { router, clock, log, observer, timeoutMs } = this.#options;
    const { instance, type } = request;
    const open = router.host(request.host);
    const getConsole = offered(open, METHOD, 'getConsole', request);
    const driver = open.driver.name;
    return limited(
      clock,
      clock.now() + timeoutMs,
      () => notAnswered(METHOD, timeoutMs),
      (signal) =>
        within({ driver }, async () => {
          const outgoing = observer.read({ driver, host: open.name, trace: null });
          const ctx = { clock, log, signal, outgoing };
          const target = await open.host.resolve(ctx, instance);
          open.rails.check(target, 'getConsole');
          return consoleAccess(await getConsole(ctx, target, { type }));
        }),
    );
  }
}
