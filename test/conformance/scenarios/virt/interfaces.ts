import type { Network } from '../../../../src/compute/contract/index.js';
import { already, answered, ensure, hasFields, refused, unchanged } from '../../checks.js';
import type { Answer, VirtSubject } from '../../subject.js';
import { atBackend, hasInterface, isInState } from './instance-state.js';
import type { Virt } from './spawning.js';
import { nobody } from './state-changes.js';

const ATTACH = 'compute.attach_interface';
const DETACH = 'compute.detach_interface';

async function attached(subject: VirtSubject, more: Partial<Network> = {}, guest?: 'with-guest') {
  const { host, values } = subject;
  const instance = await subject.instance('running', guest);
  const network = { name: values.network, ...more };
  const answer = await answered(subject, ATTACH, { host, instance, network });
  return { host, instance, network, answer };
}

async function hasNone(subject: VirtSubject, instance: string): Promise<void> {
  const left = (await atBackend(subject, instance)).interfaces?.length;
  ensure(left === 0, 'no-effect', `the backend has ${instance} with ${String(left)} interfaces`);
}

/** Are its devices told with this interface, where they are told at all? */
async function isTold(
  subject: VirtSubject,
  instance: string,
  { network, ...fields }: { readonly name: string; readonly mac: string; readonly network: string },
): Promise<void> {
  const INFO = 'compute.get_info';
  const { interfaces } = await answered(subject, INFO, { host: subject.host, instance, devices: true });
  if (interfaces === null) return;
  const [told = {}] = (interfaces ?? []) as Answer[];
  hasFields(told, fields, `${INFO}: interfaces`, 'contradiction');
  const names = [told['network'], ...((told['network_aliases'] ?? []) as unknown[])];
  ensure(names.includes(network), 'contradiction', `no network of the interface is ${network}: ${names.join(', ')}`);
}

/** A MAC address that nobody has: of the names, which are each used once. */
function mac(subject: VirtSubject): string {
  const hex = Buffer.from(subject.freshName()).toString('hex').slice(-8);
  return `02:aa:${hex.replaceAll(/(..)(?!$)/g, '$1:')}`;
}

export const attachInterfaceScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'adds an interface, and answers by which it is found again',
    async run(subject) {
      const { host, instance, network, answer } = await attached(subject);
      const { name, mac: address } = await hasInterface(subject, instance, network.name);
      await isInState(subject, instance, { state: 'running' });
      hasFields(answer, { outcome: 'done', interface: { name, mac: address } }, ATTACH);
      await isTold(subject, instance, { name, mac: address, network: network.name });
      await answered(subject, ATTACH, { host, instance, network });
      const all = (await atBackend(subject, instance)).interfaces?.length;
      ensure(all === 2, 'no-effect', `a second request must add a second interface; there are ${String(all)}`);
    },
  },
  {
    word: 'again',
    title: 'says "already" of an interface with the MAC address that is asked for, and changes nothing',
    async run(subject) {
      const { host, instance, network } = await attached(subject, { mac: mac(subject) });
      await already(subject, ATTACH, { host, instance, network });
      await hasInterface(subject, instance, network.name, { mac: String(network.mac) });
    },
  },
  {
    word: 'unknown',
    title: 'is refused for a network that is not there',
    async run(subject) {
      const instance = await subject.instance('running');
      const request = { host: subject.host, instance, network: { name: 'no-such-network' } };
      await unchanged(subject, `${ATTACH} to no network`, () =>
        refused(subject, ATTACH, request, 'RESOURCE_NOT_FOUND'),
      );
      await hasNone(subject, instance);
    },
  },
  nobody(ATTACH),
];

export const attachTaggedInterfaceScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'adds an interface with a tag',
    async run(subject) {
      const { instance, network } = await attached(subject, { tag: 'front' });
      await hasInterface(subject, instance, network.name, { tag: 'front' });
    },
  },
];

const found = { mac: 'MAC address', name: 'name' } as const;
export const detachInterfaceScenarios: readonly Virt[] = [
  ...(Object.keys(found) as (keyof typeof found)[]).map((by): Virt => ({
    word: `by-${by}`,
    title: `takes away an interface that is found by its ${found[by]}`,
    needs: ['operation.attach-interface'],
    async run(subject) {
      // It has to let go of it.
      const { host, instance, answer } = await attached(subject, {}, 'with-guest');
      const request = { host, instance, interface: (answer['interface'] as Answer)[by] };
      const gone = await answered(subject, DETACH, request);
      await hasNone(subject, instance);
      await isInState(subject, instance, { state: 'running' });
      hasFields(gone, { outcome: 'done' }, DETACH);
      await already(subject, DETACH, request);
    },
  })),
  nobody(DETACH),
];
