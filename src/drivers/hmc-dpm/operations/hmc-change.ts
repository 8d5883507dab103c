import { ComputeError } from '../../../common/errors/index.js';
import type { OperationContext, Target } from '../../../compute/contract/index.js';
import { Change } from '../../kit/index.js';
import type { HmcClient } from '../client/hmc-client.js';
import { DRIVER_NAME, toHmcComputeError, type Doing } from '../hmc-dpm.errors.js';
import type { HmcNews, Pause } from '../client/hmc-news.port.js';
import { writesDone } from './checkpoints.js';
import { backendOf, type HmcPlace } from './hmc-place.js';

/** How long what the HMC tells by itself is waited for before it is looked at. */
export const TOLD_PATIENCE_MS = 15_000;

/** A change under way at an HMC. */
export class HmcChange extends Change {
  readonly client: HmcClient;
  /** What a 404 is about. */
  protected readonly subject: Doing['subject'] = 'cpc';

  constructor(
    ctx: OperationContext,
    readonly place: HmcPlace,
    target: Target,
  ) {
    super(ctx, target, backendOf(place), writesDone(ctx.checkpoints));
    this.client = place.client(ctx);
  }

  get noun(): string {
    return 'partition';
  }

  /** Waits while the HMC tells of ended jobs by itself, until it tells of this one; not for long. */
  async awaitJobEnd(jobUri: string): Promise<void> {
    const { news } = this;
    if (news?.isHealthy !== true || news.isJobEnded(jobUri)) return;
    const ms = Math.min(TOLD_PATIENCE_MS, this.remainingMs);
    await news.jobPause(jobUri, { ms, atMostMs: ms }, this.ctx.signal);
  }

  /** A pause between two looks at a job, which ends when the HMC tells that the job has ended. */
  async jobPause(jobUri: string, ms: number): Promise<void> {
    const { clock, signal } = this.ctx;
    await (this.news?.jobPause(jobUri, this.pause(ms), signal) ?? clock.sleep(ms, signal));
  }

  /** What the HMC tells by itself; undefined when it is not listened to. */
  protected get news(): HmcNews | undefined {
    return this.client.session.news;
  }

  /** A pause of so many milliseconds, when the HMC tells nothing by itself. */
  protected pause(ms: number): Pause {
    return { ms, atMostMs: Math.max(ms, this.remainingMs) };
  }

  /** The job of a step was cancelled with its operation: the partition is as it was before the step. */
  cancelled(step: string): ComputeError {
    const what = `the ${step} of ${this.label} was cancelled, and so was its job on the HMC`;
    return this.truthful(new ComputeError('OPERATION_CANCELLED', what, { outcome: 'not-applied' })).within({
      driver: DRIVER_NAME,
      target: this.target.key,
    });
  }

  /** @param tasks of the HMC that it needs the permission for, when they are not those of power */
  explain(what: string, error: unknown, tasks?: readonly string[]): unknown {
    const doing: Doing = { what: `${what} ${this.target.name}`, hmc: this.place.hmc, subject: this.subject, tasks };
    return toHmcComputeError(error, doing);
  }
}
