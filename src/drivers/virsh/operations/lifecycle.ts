import { DomainState } from 'node-libvirt';
import type { ChangeResult, OperationWork, OperationWorks } from '../../../compute/contract/index.js';
import type { InstancePowerState } from '../../../compute/state/power-state.js';
import { makeSo, reconcileSequence } from '../../kit/index.js';
import type { Domains, DomainStatus } from '../client/domains.port.js';
import { DomainChange, stateOf } from './domain-change.js';
import { cannotBeDone, planning } from './power.operations.js';
import type { VirshPlace } from './virsh-place.js';

type LifecycleChange = 'pause' | 'unpause' | 'suspend' | 'resume';

/** One step from some states to another one. */
interface Passage {
  readonly from: readonly InstancePowerState[];
  readonly to: InstancePowerState;
  readonly step: string;
  readonly noun: string;
  readonly doing: string;
  readonly send: (domains: Domains, uuid: string, timeoutMs: number) => Promise<void>;
  /** Does it take as long as the domain has memory? */
  readonly isLong?: true;
}

const PASSAGES: Readonly<Record<LifecycleChange, Passage>> = {
  pause: {
    from: ['running'],
    to: 'paused',
    step: 'pause',
    noun: 'pause',
    doing: 'pausing domain',
    send: (domains, uuid, timeoutMs) => domains.suspend(uuid, timeoutMs),
  },
  unpause: {
    from: ['paused'],
    to: 'running',
    step: 'unpause',
    noun: 'end of the pause',
    doing: 'unpausing domain',
    send: (domains, uuid, timeoutMs) => domains.resume(uuid, timeoutMs),
  },
  suspend: {
    from: ['running', 'paused'],
    to: 'suspended',
    step: 'save-memory',
    noun: 'saving of the memory',
    doing: 'suspending domain',
    send: (domains, uuid, timeoutMs) => domains.saveMemory(uuid, timeoutMs),
    isLong: true,
  },
  resume: {
    from: ['suspended'],
    to: 'running',
    step: 'restore-memory',
    noun: 'start from the saved memory',
    doing: 'resuming domain',
    send: (domains, uuid, timeoutMs) => domains.start(uuid, { timeoutMs }),
    isLong: true,
  },
};

/** What keeps the memory of a domain: in the host, or on its disk (`managedsave`). */
export function lifecycleWorks(place: VirshPlace): OperationWorks<LifecycleChange> {
  return {
    pause: passing(place, PASSAGES.pause),
    unpause: passing(place, PASSAGES.unpause),
    suspend: passing(place, PASSAGES.suspend),
    resume: passing(place, PASSAGES.resume),
  };
}

function passing(place: VirshPlace, passage: Passage): OperationWork<object, ChangeResult> {
  const { to, step, noun, doing, send, isLong } = passage;
  const isThere = (status: DomainStatus): boolean => stateOf(status, 0).powerState === to;
  return {
    async run(ctx, target) {
      const change = new DomainChange(ctx, place, target);
      return await change.run(doing, async () => {
        const before = await change.look();
        if (!isThere(before)) requirePassable(change, passage, before);
        const hasActed = await makeSo(change, {
          step,
          noun,
          doing: `${doing} ${target.name}`,
          isSo: async () => isThere(await change.look()),
          send: async (timeoutMs) => {
            await send(change.domains, change.uuid, timeoutMs);
            return undefined;
          },
          ...(isLong === true
            ? { requestTimeoutMs: change.backend.pacing.operationTimeoutMs, isOver: isOver(change) }
            : {}),
        });
        return change.ended(hasActed, await change.look());
      });
    },
    plan: (ctx, target) =>
      planning(place, target, async () => {
        const status = await place.domains(ctx).status(target.id);
        if (isThere(status)) return [];
        const why = whyNot(passage, status);
        if (why !== undefined) throw cannotBeDone(target, status, why);
        return [{ action: step, description: `${doing} ${target.name}` }];
      }),
    reconcile: (ctx, target) =>
      reconcileSequence(new DomainChange(ctx, place, target), async (change) => {
        const status = await change.look();
        return isThere(status) ? change.ended(true, status) : undefined;
      }),
  };
}

/** A domain whose memory is written or read is paused meanwhile; one that runs, or does not, has no such thing under way. */
function isOver(change: DomainChange): () => Promise<boolean> {
  return async () => (await change.look()).state !== DomainState.VIR_DOMAIN_PAUSED;
}

function requirePassable(change: DomainChange, passage: Passage, status: DomainStatus): void {
  const why = whyNot(passage, status);
  if (why === undefined) return;
  throw change.error(
    'STATE_CONFLICT',
    `${change.label} cannot become ${passage.to}: ${why}`,
    stateOf(status, 0).nativeState,
  );
}

function whyNot({ from }: Passage, status: DomainStatus): string | undefined {
  const { powerState, nativeState } = stateOf(status, 0);
  return from.includes(powerState)
    ? undefined
    : `it is ${powerState} (libvirt: ${nativeState}), and not ${from.join(' or ')}`;
}
