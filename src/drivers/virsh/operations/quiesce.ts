import { domainAgentCommand, domainFsfreeze, domainFsthaw } from 'node-libvirt';
import { z } from 'zod';
import type {
  CallContext,
  ChangeResult,
  OperationWork,
  OperationWorks,
  Target,
} from '../../../compute/contract/index.js';
import { lastStepOf, makeSo, reconcileSequence } from '../../kit/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { domainFacts, type DomainFacts } from '../mapping/domain-facts.js';
import { DomainChange, stateOf } from './domain-change.js';
import { cannotBeDone, planning } from './power.operations.js';
import type { VirshPlace } from './virsh-place.js';

/** How long an agent that is there takes for a question, seconds. */
const AGENT_S = 10;
const StatusAnswerSchema = z.object({ return: z.enum(['frozen', 'thawed']) });

interface Holding {
  readonly isHeld: boolean;
  readonly step: string;
  readonly noun: string;
  readonly doing: string;
  readonly call: typeof domainFsfreeze;
}

/** The file systems of a guest are held, and let go, by its agent. Semantics are the contract's. */
export function quiesceWorks(place: VirshPlace): OperationWorks<'quiesce' | 'unquiesce'> {
  return {
    quiesce: holding(place, {
      isHeld: true,
      step: 'freeze',
      noun: 'holding of the file systems',
      doing: 'holding the file systems of the guest of domain',
      call: domainFsfreeze,
    }),
    unquiesce: holding(place, {
      isHeld: false,
      step: 'thaw',
      noun: 'end of the holding of the file systems',
      doing: 'letting go the file systems of the guest of domain',
      call: domainFsthaw,
    }),
  };
}

function holding(place: VirshPlace, { isHeld, step, noun, doing, call }: Holding): OperationWork<object, ChangeResult> {
  return {
    async run(ctx, target) {
      const change = new DomainChange(ctx, place, target);
      return await change.run(doing, async () => {
        const status = await change.look();
        const why = whyNoAgent(status, await change.facts());
        if (why !== undefined) throw cannotBeDone(target, status, why);
        const wasBegun = lastStepOf(ctx.checkpoints) !== undefined;
        await makeSo(change, {
          step,
          noun,
          doing: `${doing} ${target.name}`,
          isSo: async () => (await isFrozen(ctx, place, target)) === isHeld,
          isOver: () => Promise.resolve(true),
          send: async (timeoutMs) => {
            const args = { domain: change.ref, mountPoints: [], flags: 0 };
            const { fileSystems } = await change.caller.call(call, args, { timeoutMs });
            ctx.progress(`the agent in ${change.label} has ${isHeld ? 'held' : 'let go'} ${fileSystems} file systems`);
            // Of a guest that has none, nothing shows. It writes to none either, so that it is as it was to be.
            return fileSystems === 0 ? true : undefined;
          },
        });
        return change.ended(wasBegun || change.hasBegun, status);
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

/** Why nobody in the guest could hold them; undefined when there may be somebody. */
export function whyNoAgent(status: DomainStatus, { hasAgentChannel }: DomainFacts): string | undefined {
  const { powerState, nativeState } = stateOf(status, 0);
  if (powerState !== 'running') return `it is ${powerState} (libvirt: ${nativeState}), and its agent does not run`;
  return hasAgentChannel ? undefined : 'it has no channel for an agent (org.qemu.guest_agent.0)';
}

async function isFrozen(ctx: CallContext, place: VirshPlace, { id, name }: Target): Promise<boolean> {
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
  return StatusAnswerSchema.parse(JSON.parse(result ?? 'null')).return === 'frozen';
}
