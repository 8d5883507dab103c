import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { nounAnswered } from '../../../src/drivers/kit/index.js';
import type { Journal, Lease } from '../../../src/journal/journal.port.js';
import { eventually } from '../../support/eventually.js';
import { TwoHosts } from './two-hosts.js';

const WITHIN_MS = 400_000;
jest.setTimeout(WITHIN_MS);
let kvm: TwoHosts;
/** What happens once a write was carried out, before anything else is done. */
let afterWrite: ((noun: string, lease: Lease) => Promise<void>) | undefined;
const telling = (journal: Journal): Journal =>
  new Proxy(journal, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        const answer = (await Reflect.apply(member, target, args)) as unknown;
        if (name === 'checkpoint') {
          const [lease, checkpoint] = args as Parameters<Journal['checkpoint']>;
          const noun = nounAnswered(checkpoint);
          if (noun !== undefined) await afterWrite?.(noun, lease);
        }
        return answer;
      };
    },
  });
beforeAll(async () => {
  kvm = await TwoHosts.start({ journal: telling });
}, WITHIN_MS);
afterAll(() => kvm.stop());

const evacuate = (instance: string, more: object = {}) =>
  kvm.bench.call('compute.evacuate', { host: 'kvm1', instance, destination: 'kvm2', ...more });

test(
  'a guest that is off is set up elsewhere with its disk, and starts there',
  async () => {
    await kvm.launch('off01', { more: { start: false } });
    await kvm.host('kvm1').run('virsh -q autostart off01');
    await expect(evacuate('off01')).resolves.toMatchObject({ outcome: 'done', host: 'kvm2', power_state: 'shutdown' });
    expect(await kvm.domains('kvm1')).toEqual([]);
    expect(await kvm.volumes('kvm1')).toEqual([]);
    expect(await kvm.domains('kvm2', '--inactive --autostart')).toEqual(['off01']);
    await expect(evacuate('off01')).resolves.toMatchObject({ outcome: 'already' });
    await expect(kvm.bench.call('compute.power_on', { host: 'kvm2', instance: 'off01' })).resolves.toMatchObject({
      power_state: 'running',
    });
  },
  WITHIN_MS,
);

test(
  'a move that is cancelled while it looks whether its folder is shared leaves nothing of that',
  async () => {
    await kvm.launch('cut01', { more: { start: false } });
    const before = await kvm.volumes('kvm1');
    const inTheMiddle: string[][] = [];
    let cancelling: Promise<unknown> | undefined;
    afterWrite = async (noun, { operationId }) => {
      if (!noun.startsWith('mark zenova-probe-')) return;
      inTheMiddle.push(await kvm.volumes('kvm1'));
      cancelling = kvm.bench.call('operation.cancel', { operation_id: operationId });
      const { journal } = kvm.bench.opened;
      await eventually(
        async () => (await journal.checkpoints(operationId)).some(({ name }) => name === 'cancel'),
        'the cancel to be heard',
        WITHIN_MS,
      );
    };
    await expect(evacuate('cut01')).rejects.toMatchObject({ code: 'OPERATION_CANCELLED', outcome: 'not-applied' });
    afterWrite = undefined;
    await cancelling;
    expect(inTheMiddle).toEqual([expect.arrayContaining([expect.stringMatching('^zenova-probe-')])]);
    expect(await kvm.volumes('kvm1')).toEqual(before);
    expect(await kvm.domains('kvm1')).toContain('cut01');
    await kvm.bench.call('compute.destroy', { host: 'kvm1', instance: 'cut01' });
  },
  WITHIN_MS,
);

// A machine without udev has no device for macvtap until somebody makes one, so this one is not started.
test(
  'a guest on a device of its host is not set up where there is none of that name',
  async () => {
    await kvm.host('kvm1').run('ip link add plug0 type veth peer name plug1');
    const more = { flavor: { vcpus: 1, memory_mib: 256 }, networks: [{ name: 'plug0' }], start: false };
    await kvm.launch('tap01', { more });
    for (const how of [{ plan: true }, {}]) {
      await expect(evacuate('tap01', how)).rejects.toMatchObject({
        code: 'RESOURCE_NOT_FOUND',
        message: expect.stringContaining('has no network device plug0'),
      });
    }
    expect(await kvm.domains('kvm1')).toContain('tap01');
    expect(await kvm.domains('kvm2')).not.toContain('tap01');
    await kvm.host('kvm2').run('ip link add plug0 type veth peer name plug1');
    await expect(evacuate('tap01')).resolves.toMatchObject({ outcome: 'done', host: 'kvm2' });
  },
  WITHIN_MS,
);

test(
  'a guest whose host does not answer is left alone',
  async () => {
    await kvm.launch('lost01', { more: { start: false } });
    await kvm.host('kvm1').daemon.kill();
    try {
      await expect(evacuate('lost01')).rejects.toMatchObject({
        code: 'BACKEND_UNREACHABLE',
        message: expect.stringContaining('nothing proves'),
      });
    } finally {
      await kvm.host('kvm1').daemon.restart();
    }
    expect(await kvm.domains('kvm2')).not.toContain('lost01');
  },
  WITHIN_MS,
);
