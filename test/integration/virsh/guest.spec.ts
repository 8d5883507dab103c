import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { domainCreate, domainDefineXmlFlags } from 'node-libvirt';
import { ComputeError } from '../../../src/common/errors/index.js';
import { eventually } from '../../support/eventually.js';
import type { GuestConsole } from '../../support/guest-console.js';
import { localUri, VirshBench } from '../../support/virsh-bench.js';
import { administrator, consolePool, startGuest } from './guest-domain.js';

const instance = 'web01';
const MAC = '52:54:00:00:00:07';
const PASSWORD = 'canary-of-the-guest';
const WITHIN_MS = 400_000;
jest.setTimeout(WITHIN_MS);
let virsh: VirshBench;
let admin: ReturnType<typeof administrator>;
let guest: GuestConsole;

beforeAll(async () => {
  virsh = await VirshBench.start({
    driverUri: (daemon) => localUri(daemon.qemuUri, daemon),
    libvirtd: { emulators: ['x86_64'] },
  });
  admin = administrator(virsh.libvirtd);
  const folder = await consolePool(admin, virsh.libvirtd);
  guest = await startGuest(admin, {
    name: instance,
    log: `${folder}/web01.log`,
    devices: `<interface type='ethernet'><mac address='${MAC}'/><model type='virtio'/></interface>
      <disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>`,
  });
});
afterAll(async () => {
  await admin.stop();
  await virsh.stop();
});

/** Undefined while there is no agent. */
const setPassword = async () =>
  await virsh.call('compute.set_admin_password', { instance, password: PASSWORD }).catch((error: unknown) => {
    if (error instanceof ComputeError && error.code === 'STATE_CONFLICT') return undefined;
    throw error;
  });

describe('what reaches into a guest', () => {
  test('sets a password by its agent, as often as it is asked to, and tells it nobody', async () => {
    const answer = await eventually(setPassword, 'the agent to be there', WITHIN_MS);
    expect(answer).toMatchObject({ outcome: 'done', power_state: 'running' });
    await guest.until(({ passwords }) => passwords.includes('root'), 'the password of root to be set');
    await expect(virsh.call('compute.set_admin_password', { instance, password: PASSWORD })).resolves.toMatchObject({
      outcome: 'done',
    });
    const operation = await virsh.bench.call('operation.get', { operation_id: answer['operation_id'] });
    expect(JSON.stringify([answer, operation, virsh.bench.events])).not.toContain(PASSWORD);
  });

  test('says so when the agent refuses', async () => {
    const wrong = { instance, user: 'nobody-at-all', password: PASSWORD };
    const failure: unknown = await virsh.call('compute.set_admin_password', wrong).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'BACKEND_REJECTED' });
    expect(JSON.stringify(failure)).not.toContain(PASSWORD);
    const plan = await virsh.call('compute.set_admin_password', { instance, password: PASSWORD, plan: true });
    expect(plan).toMatchObject({ outcome: 'planned', steps: [{ action: 'set-password' }] });
  });

  test.each([
    ['deaf', "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>", 'no agent runs'],
    ['cut-off', '', 'no channel for an agent'],
  ])('sets no password in %s, which has no agent', async (name, channel, why) => {
    const xml = `<domain type='qemu'><name>${name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
      <os><type arch='x86_64' machine='q35'>hvm</type></os>
      <devices>${channel}<memballoon model='virtio'/></devices></domain>`;
    const { domain } = await admin.caller.call(domainDefineXmlFlags, { xml, flags: 0 });
    await admin.caller.call(domainCreate, { domain });
    const asked = virsh.call('compute.set_admin_password', { instance: name, password: PASSWORD });
    await expect(asked).rejects.toMatchObject({ code: 'STATE_CONFLICT', message: expect.stringContaining(why) });
  });

  test('holds its file systems, of which it has none', async () => {
    const held = await virsh.call('compute.quiesce', { instance });
    expect(held).toMatchObject({ outcome: 'done', power_state: 'running' });
    const told = virsh.bench.events.flatMap((event) =>
      event.kind === 'operation' ? [event.operation.progress?.message] : [],
    );
    expect(told).toContain('the agent in domain web01 has held 0 file systems');
    await expect(virsh.call('compute.unquiesce', { instance })).resolves.toMatchObject({ outcome: 'already' });
  });

  test('interrupts it, so that it can dump its memory', async () => {
    await expect(virsh.call('compute.trigger_crash_dump', { instance })).resolves.toMatchObject({ outcome: 'done' });
    await virsh.call('compute.send_console_command', { instance, command: 'run dmesg | grep -c NMI' });
    await guest.until(({ text }) => /^[1-9]\d*$/m.test(text), 'the interrupt to be in its log');
  });

  test('cannot be done to a paused guest, or none', async () => {
    await virsh.call('compute.pause', { instance });
    const requests = [
      ['compute.set_admin_password', { password: PASSWORD }],
      ['compute.trigger_crash_dump', {}],
      ['compute.send_console_command', { command: 'x' }],
    ] as const;
    for (const [method, more] of requests)
      await expect(virsh.call(method, { instance, ...more })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    await virsh.call('compute.unpause', { instance });
  });
});

describe('the diagnostics of a domain', () => {
  test('tell what libvirt measures', async () => {
    await expect(virsh.call('compute.get_diagnostics', { instance })).resolves.toMatchObject({
      name: instance,
      power_state: 'running',
      uptime_s: null,
      memory_mib: 256,
      cpus: [{ id: 0, time_ns: expect.any(Number), utilisation_percent: null }],
      disks: [{ device: 'sda' }],
      nics: [{ device: expect.any(String), mac: MAC, rx_bytes: expect.any(Number), tx_packets: expect.any(Number) }],
    });
    await virsh.call('compute.power_off', { instance });
    await expect(virsh.call('compute.get_diagnostics', { instance })).resolves.toMatchObject({
      power_state: 'shutdown',
      memory_used_mib: null,
    });
  });
});
