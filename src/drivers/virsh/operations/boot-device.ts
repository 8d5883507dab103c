import { ComputeError } from '../../../common/errors/index.js';
import type {
  BootDeviceParams,
  ChangeResult,
  OperationWork,
  PlannedStep,
  Target,
} from '../../../compute/contract/index.js';
import { makeSo, reconcileSequence } from '../../kit/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { bootFirst, bootNames, meantDisks, meantNics } from '../mapping/boot-names.js';
import { domainFacts, type DomainFacts } from '../mapping/domain-facts.js';
import { withBootOrder } from '../mapping/edit-domain.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import { bringTo } from './bring-to.js';
import { DomainChange, stateOf } from './domain-change.js';
import { planning } from './power.operations.js';
import type { VirshPlace } from './virsh-place.js';

type Device = BootDeviceParams['boot_device'];

const STEP = 'set-boot-device';
const NOUN = 'change of what it starts from';

/**
 * What a domain starts from next: it comes first in its definition, before what it started from until now. A domain that runs, or begins
 * anew by itself, does so with the definition that it was started with; with a restart it is off in between.
 */
export function bootDeviceWork(place: VirshPlace): OperationWork<BootDeviceParams, ChangeResult> {
  return {
    async run(ctx, target, { boot_device: device, restart = false }) {
      const change = new DomainChange(ctx, place, target);
      return await change.run('setting what is started from of domain', async () => {
        const before = await change.look();
        const hasBegun = change.carriedOut.size > 0;
        const facts = await change.facts('next');
        const wanted = nameOf(facts, target, device);
        if (bootNames(facts)[0] === wanted && !hasBegun) return change.ended(false, before);
        // An attempt that was cut off after its stop finds the domain off.
        const hasStopped = [...change.carriedOut].some((noun) => noun !== NOUN);
        const mustRestart = restart && (isOn(before) || hasStopped);
        // What an earlier attempt has started again is not stopped a second time.
        if (mustRestart && !change.carriedOut.has(NOUN)) await bringTo(change, 'shut off', before);
        await makeSo(change, {
          step: STEP,
          noun: NOUN,
          doing: `setting what ${change.label} starts from`,
          isSo: async () => bootNames(await change.facts('next'))[0] === wanted,
          send: async (timeoutMs) => {
            await change.redefine(timeoutMs, (own) => withBootOrder(own, bootFirst(domainFacts(own), wanted)));
            return undefined;
          },
        });
        if (mustRestart) await bringTo(change, 'running');
        return change.ended(true, await change.look());
      });
    },
    plan: (ctx, target, { boot_device: device, restart = false }) =>
      planning(place, target, async () => {
        const domains = place.domains(ctx);
        const facts = domainFacts(await domains.definition(target.id, 'next'));
        const wanted = nameOf(facts, target, device);
        if (bootNames(facts)[0] === wanted) return [];
        const { name } = target;
        const set: PlannedStep = { action: STEP, description: `let domain ${name} start from ${wanted}` };
        if (!restart || !isOn(await domains.status(target.id))) return [set];
        return [
          { action: 'destroy', description: `destroy domain ${name}` },
          set,
          { action: 'start', description: `start domain ${name}` },
        ];
      }),
    reconcile: (ctx, target) => reconcileSequence(new DomainChange(ctx, place, target)),
  };
}

function isOn(status: DomainStatus): boolean {
  const { powerState } = stateOf(status, 0);
  return powerState === 'running' || powerState === 'paused';
}

/**
 * The device as the order has it.
 *
 * @throws ComputeError RESOURCE_NOT_FOUND naming what there is; AMBIGUOUS
 */
function nameOf({ disks, nics }: DomainFacts, { name, key }: Target, device: Device): string {
  if (device.type === 'network') {
    const { mac } = device;
    const meant = meantNics(nics, mac).flatMap((nic) => nic.mac ?? []);
    const there = nics.map((nic) => nic.mac ?? 'one without an address');
    return one(meant, there, name, key, mac === undefined ? 'network interface' : `interface with the address ${mac}`);
  }
  const { disk } = device;
  const meant = meantDisks(disks, disk).map(({ target }) => target);
  const there = disks.map(({ target, serial }) => (serial === undefined ? target : `${target} (serial ${serial})`));
  return one(meant, there, name, key, disk === undefined ? 'disk' : `disk ${disk}`);
}

function one(
  meant: readonly string[],
  there: readonly string[],
  domain: string,
  target: Target['key'],
  what: string,
): string {
  const [first, ...others] = meant;
  const list = there.length === 0 ? 'it has none at all' : `it has ${there.join(', ')}`;
  const at = { driver: DRIVER_NAME, target };
  if (first === undefined) throw new ComputeError('RESOURCE_NOT_FOUND', `domain ${domain} has no ${what}; ${list}`, at);
  if (others.length === 0) return first;
  throw new ComputeError('AMBIGUOUS', `domain ${domain} has ${meant.length} of "${what}", name one; ${list}`, at);
}
