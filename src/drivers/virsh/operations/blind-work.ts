import type { ChangeResult, OperationWork } from '../../../compute/contract/index.js';
import { lookAfter, noteAnswered, sendOnce, untold } from '../../kit/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { DomainChange } from './domain-change.js';
import { cannotBeDone, planning } from './power.operations.js';
import type { VirshPlace } from './virsh-place.js';

/** A request of which nothing at libvirt shows whether it was carried out, ready to be sent. */
export interface Ready {
  /** Sends it, once, not bound to the operation's signal. */
  readonly send: (timeoutMs: number) => Promise<void>;
  /** Gives back what it needs; called in any case. */
  readonly drop?: () => void;
}

export interface BlindRequest<Params> {
  /** Stable word for the journal. */
  readonly step: string;
  readonly noun: string;
  /** For people, before the name: "resetting domain". */
  readonly doing: string;
  /** For people, with the domain's name in it: what it will do. */
  readonly planned: (name: string) => string;
  /** Why it cannot be done to a domain in this state. */
  readonly obstacle: (status: DomainStatus) => string | undefined;
  /** Makes it ready, and changes nothing. */
  readonly ready: (change: DomainChange, params: Params) => Promise<Ready>;
}

/** The work of such a request: it is sent once, and whoever takes the work over sends it no second time. */
export function blindWork<Params>(
  place: VirshPlace,
  { step, noun, doing, planned, obstacle, ready }: BlindRequest<Params>,
): OperationWork<Params, ChangeResult> {
  return {
    async run(ctx, target, params) {
      const change = new DomainChange(ctx, place, target);
      return await change.run(doing, async () => {
        const before = await change.look();
        const why = obstacle(before);
        if (why !== undefined) throw cannotBeDone(target, before, why);
        const { send, drop } = await ready(change, params);
        try {
          await sendOnce(change, { step, noun, doing: `${doing} ${target.name}`, send });
        } finally {
          drop?.();
        }
        await noteAnswered(ctx, step, noun);
        change.underWay = undefined;
        change.carriedOut.add(noun);
        return change.ended(true, await change.look());
      });
    },
    plan: (ctx, target) =>
      planning(place, target, async () => {
        const status = await place.domains(ctx).status(target.id);
        const why = obstacle(status);
        if (why !== undefined) throw cannotBeDone(target, status, why);
        return [{ action: step, description: planned(target.name) }];
      }),
    reconcile: (ctx, target) => {
      const change = new DomainChange(ctx, place, target);
      return lookAfter(change, async (last) => {
        if (!last.isAnswered) return { verdict: 'unknown', reason: untold(change, noun) };
        return { verdict: 'concluded', result: change.ended(true, await change.look()) };
      });
    },
  };
}
