import type { ChangeResult, OperationContext, Target } from '../../../compute/contract/index.js';
import type { Partition, PartitionDetails } from '../client/hmc-schemas.js';
import type { PartitionView } from '../mapping/next-action.js';
import { isMoving } from '../mapping/partition-status.js';
import { HmcChange, TOLD_PATIENCE_MS } from './hmc-change.js';
import type { HmcPlace } from './hmc-place.js';
import { modeOf, type Mode } from './mode.js';

/** What is seen of a partition or an LPAR. */
export type Seen = Partition & PartitionView;

/** One change of one partition or LPAR that is there. */
export class PartitionChange extends HmcChange {
  readonly uri: string;
  readonly mode: Mode;
  protected override readonly subject = 'partition';

  constructor(ctx: OperationContext, place: HmcPlace, target: Target) {
    super(ctx, place, target);
    this.mode = modeOf(place, target);
    this.uri = this.mode.uri(target.id);
  }

  override get noun(): string {
    return this.mode.rules.noun;
  }

  /** Waits out what passes by itself. @throws ComputeError, HmcError */
  async look(): Promise<Seen> {
    return await this.watch('the HMC to answer', this.place.pacing.poll.initialMs, (partition) => partition);
  }

  /** The same, with all that the driver makes use of, once nobody moves it any more. @throws ComputeError, HmcError */
  async lookWhole(): Promise<PartitionDetails> {
    return await this.poll(
      `partition ${this.target.name} to come to rest`,
      this.place.pacing.poll.initialMs,
      async () => {
        const partition = await this.client.partitionDetails(this.uri, this.ctx.signal);
        this.#verify(partition);
        return isMoving(partition) ? undefined : partition;
      },
    );
  }

  /**
   * Reads the partition until `judge` makes something of it, at pauses that grow from `intervalMs`.
   *
   * @throws ComputeError BACKEND_TIMEOUT when the time is over; INSTANCE_NOT_FOUND when it is another partition now;
   *   HmcError when the HMC fails for too long; the signal's reason
   */
  async watch<T>(what: string, intervalMs: number, judge: (partition: Seen) => T | undefined): Promise<T> {
    let askedAt = 0;
    const look = async (): Promise<T | undefined> => {
      askedAt = this.news?.moment() ?? 0;
      const partition = await this.mode.look(this.client, this.uri, this.ctx.signal);
      this.#verify(partition);
      return judge(partition);
    };
    return await this.poll(what, intervalMs, look, this.remainingMs, async (ms) => {
      const { clock, signal } = this.ctx;
      await (this.news?.statusPause(this.uri, askedAt, this.pause(ms), signal) ?? clock.sleep(ms, signal));
    });
  }

  /**
   * Waits while the HMC tells of the partition's status by itself, until it tells of one that `isAwaited` accepts; not for long.
   * Whether it is so, the next look says.
   */
  async awaitStatus(isAwaited: (status: string) => boolean): Promise<void> {
    const { clock, signal } = this.ctx;
    const endsAt = clock.now() + Math.min(TOLD_PATIENCE_MS, this.remainingMs);
    for (let leftMs = endsAt - clock.now(); leftMs > 0; leftMs = endsAt - clock.now()) {
      const news = this.news;
      const moment = news?.moment() ?? 0;
      const status = news?.status(this.uri);
      if (news === undefined || status === undefined || isAwaited(status)) return;
      await news.statusPause(this.uri, moment, { ms: leftMs, atMostMs: leftMs }, signal);
    }
  }

  /**
   * The partition, once nobody starts or stops it: meanwhile the HMC refuses changes of its devices and properties (hmc-dpm.md
   * sections 8, 11, 12). The times of a start that is `paused` on its way are not waited for.
   *
   * @throws as {@link watch}
   */
  async steady(): Promise<Partition> {
    const what = `partition ${this.target.name} to end its start or stop`;
    return await this.watch(what, this.place.pacing.poll.initialMs, (partition) =>
      isMoving(partition) ? undefined : partition,
    );
  }

  /** How it ended. @param hasActed false: it was so, and nothing was sent */
  ended(hasActed: boolean, { status }: { readonly status: string }): ChangeResult {
    const state = this.mode.rules.observe(status, this.ctx.clock.now());
    return { outcome: hasActed ? 'done' : 'already', state };
  }

  /** Names are what people act by: another name under the same id is not what was asked for. */
  #verify(partition: Partition): void {
    if (partition.name === this.target.name) return;
    throw this.error(
      'INSTANCE_NOT_FOUND',
      `${this.label} (HMC ${this.place.hmc}) is called ${partition.name} by now; nothing more was done, repeat it with the new name`,
    );
  }
}
