import { ComputeError } from '../../../../common/errors/index.js';
import { targetKey } from '../../../../common/ids.js';
import type { CallContext, OperationContext, Target } from '../../../../compute/contract/index.js';
import type { DomainStatus } from '../../client/domains.port.js';
import { failureOf } from '../../client/libvirt-failure.js';
import { unlessMissing } from '../../client/unless-missing.js';
import { DRIVER_NAME } from '../../mapping/refusal.js';
import { whereabouts, type Whereabouts } from '../../mapping/whereabouts.js';
import { DomainChange } from '../domain-change.js';
import type { HostPlace } from '../virsh-place.js';
import { migrationOf } from './migration-of.js';

/** The two hosts of a move. */
export interface Ends {
  readonly from: HostPlace;
  readonly to: HostPlace;
  /** Name of the latter in the configuration. */
  readonly destination: string;
}

/** The same instance as it will be known at the other host. @throws ComputeError REQUEST_INVALID when both are the same machine */
export async function targetThere(
  ctx: CallContext,
  { from, to, destination }: Ends,
  id: string,
): Promise<Target['key']> {
  const [here, there] = await Promise.all([from.hostUuid(ctx), to.hostUuid(ctx)]);
  if (here !== there) return targetKey(DRIVER_NAME, there, id);
  throw new ComputeError('REQUEST_INVALID', `destination: ${destination} is the same libvirt host by another name`, {
    driver: DRIVER_NAME,
    details: { path: 'destination' },
  });
}

/** A domain that is taken from one host to another. It is a change of the domain where it is; what is done at the other end is a part of it. */
export class MoveChange extends DomainChange {
  /** The domain at the other host. */
  readonly there: DomainChange;

  constructor(
    ctx: OperationContext,
    readonly ends: Ends,
    target: Target,
  ) {
    super(ctx, ends.from, target);
    this.there = new DomainChange(ctx, ends.to, { ...target, key: target.also?.[0] ?? target.key });
  }

  /** What happens, for people: "moving domain web01 to kvm2". */
  get doing(): string {
    return `moving ${this.label} to ${this.ends.destination}`;
  }

  /** Where it is now. */
  async whereIsIt(): Promise<Whereabouts> {
    // Asked first: what has come to its end by then shows in what is asked afterwards.
    const job = await migrationOf(this);
    const here = await this.ask(() => unlessMissing('anything', () => this.domains.status(this.uuid)));
    const there = await this.#statusThere(here !== undefined);
    return whereabouts({ here, there, job }, this.hasBegun);
  }

  /** Does something at the other host, whose errors tell so. @param what "preparing domain" */
  async atDestination<T>(what: string, work: (there: DomainChange) => Promise<T>): Promise<T> {
    return await this.there.run(what, () => work(this.there));
  }

  async #statusThere(isHere: boolean): Promise<DomainStatus | 'untold' | undefined> {
    return await this.atDestination('looking for domain', (there) =>
      there.ask(async () => {
        try {
          return await unlessMissing('anything', () => there.domains.status(this.uuid));
        } catch (error) {
          // What is seen here may be enough to know.
          if (isHere && failureOf(error)?.isTransient === true) return 'untold';
          throw error;
        }
      }),
    );
  }
}
