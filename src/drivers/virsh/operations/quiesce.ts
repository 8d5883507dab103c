import { domainAgentCommand, domainFsfreeze, domainFsthaw } from 'node-libvirt';
import { z } from 'zod';
import { ComputeError } from '../../../common/errors/index.js';
import type {
  CallContext,
  ChangeResult,
  OperationWork,
  OperationWorks,
  Target,
} from '../../../compute/contract/index.js';
import { makeSo, reconcileSequence } from '../../kit/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { domainFacts, type DomainFacts } from '../mapping/domain-facts.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import { DomainChange, stateOf } from './domain-change.js';
import { cannotBeDone, planning } from './power.operations.js';
import type { VirshPlace } from './virsh-place.js';

/** How long an agent that is there takes for a question, seconds. */
const AGENT_S = 10;
const StatusAnswerSchema = z.object({ return: z.enum(['frozen', 'thawed']) });

export interface Holding {
  readonly isHeld: boolean;
  readonly step: string;
  readonly noun: string;
  readonly doing: string;
  readonly call: typeof domainFsfreeze;
}

export const HELD: Holding = {
  isHeld: true,
  step: 'freeze',
  noun: 'holding of the file systems',
  doing: 'holding the file systems of the guest of domain',
  call: domainFsfreeze,
};
export const LET_GO: Holding = {
  isHeld: false,
  step: 'thaw',
  noun: 'end of the holding of the file systems',
  doing: 'letting go the file systems of the guest of domain',
  call: domainFsthaw,
};

/** The file systems of a guest are held, and let go, by its agent. Semantics are the contract's. */
export function quiesceWorks(place: VirshPlace): OperationWorks<'quiesce' | 'unquiesce'> {
  return {
    quiesce: holdingWork(place, HELD),
    unquiesce: holdingWork(place, LET_GO),
  };
}

function holdingWork(place: VirshPlace, holding: Holding): OperationWork<object, ChangeResult> {
  const { isHeld, step, doing } = holding;
  return {
    async run(ctx, target) {
      const change = new DomainChange(ctx, place, target);
      return await change.run(doing, async () => {
        const status = await change.look();
        const why = whyNoAgent(status, await change.facts());
        if (why !== undefined) throw cannotBeDone(target, status, why);
        await holdFileSystems(change, holding);
        return change.ended(change.hasBegun, status);
      });
    },
    plan: (ctx, target) =>
      planning(place, target, async () => {
        const domains = place.domains(ctx);
        const status = await domains.status(target.id);
        const why = whyNoAgent(status, domainFacts(await domains.definition(target.id)));
        if (why !== undefined) throw cannotBeDone(target, status, why);
        if ((await isFrozen(ctx, place, target)) === isHeld) return [];
        return [{ action: step, description: `${doing} ${target.name}` }];
      }),
    reconcile: (ctx, target) => reconcileSequence(new DomainChange(ctx, place, target)),
  };
}

/** Has the guest's agent hold its file systems, or let them go. */
export async function holdFileSystems(
  change: DomainChange,
  { isHeld, step, noun, doing, call }: Holding,
): Promise<void> {
  await makeSo(change, {
    step,
    noun,
    doing: `${doing} ${change.target.name}`,
    isSo: async () => (await isFrozen(change.ctx, change.place, change.target)) === isHeld,
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      const { fileSystems } = await change.caller.call(
        call,
        { domain: change.ref, mountPoints: [], flags: 0 },
        { timeoutMs },
      );
      const done = isHeld ? 'held' : 'let go';
      change.ctx.progress(`the agent in ${change.label} has ${done} ${fileSystems} file systems`);
      // Of a guest that has none, nothing shows. It writes to none either, so that it is as it was to be.
      return fileSystems === 0 ? true : undefined;
    },
  });
}

/** Why nobody in the guest could hold them; undefined when there may be somebody. */
export function whyNoAgent(status: DomainStatus, { hasAgentChannel }: DomainFacts): string | undefined {
  const { powerState, nativeState } = stateOf(status, 0);
  if (powerState !== 'running') return `it is ${powerState} (libvirt: ${nativeState}), and its agent does not run`;
  return hasAgentChannel ? undefined : 'it has no channel for an agent (org.qemu.guest_agent.0)';
}

export async function isFrozen(ctx: CallContext, place: VirshPlace, { id, name }: Target): Promise<boolean> {
  const { result } = await place.caller(ctx).call(
    domainAgentCommand,
    {
      domain: { name, uuid: id, id: -1 },
      command: JSON.stringify({ execute: 'guest-fsfreeze-status' }),
      timeout: AGENT_S,
      flags: 0,
    },
    { signal: ctx.signal },
  );
  return isHeldBy(result, name);
}

/** What an agent answers is whatever runs in the guest says. */
function isHeldBy(said: string | null, domain: string): boolean {
  try {
    return StatusAnswerSchema.parse(JSON.parse(said ?? 'null')).return === 'frozen';
  } catch (cause) {
    throw new ComputeError(
      'BACKEND_PROTOCOL',
      `the agent in domain ${domain} answers something else than whether the file systems are held; look at its qemu-guest-agent`,
      { driver: DRIVER_NAME, cause },
    );
  }
}
