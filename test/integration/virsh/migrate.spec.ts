import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TwoHosts } from './two-hosts.js';

let kvm: TwoHosts;
beforeAll(async () => {
  kvm = await TwoHosts.start({ settings: (_there, host) => ({ migration: { uri: host.uri } }) });
}, 120_000);
afterAll(() => kvm.stop());

const guest = (name: string) => `<domain type='qemu'><name>${name}</name><memory unit='MiB'>64</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`;

test('a running guest moves', async () => {
  await kvm.start('kvm1', guest('one'));
  await kvm.bench.call('compute.power_on', { host: 'kvm1', instance: 'one' });
  const moved = await kvm.bench.call('compute.live_migrate', { host: 'kvm1', instance: 'one', destination: 'kvm2' });
  expect(moved).toMatchObject({ outcome: 'done', host: 'kvm2', power_state: 'running' });
  expect(await kvm.host('kvm1').run('virsh -q list --all --name')).not.toContain('one');
  expect(await kvm.host('kvm2').run('virsh -q list --persistent --name')).toContain('one');
}, 60_000);
