import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect, domainDefineXmlFlags } from 'node-libvirt';
import { localUri, VirshBench } from '../../support/virsh-bench.js';

/** Names of their own: other daemons of this machine may have guests too. */
const frozen = `frozen-${process.pid}`;
const lively = `lively-${process.pid}`;
let virsh: VirshBench;

beforeAll(async () => {
  virsh = await VirshBench.start({
    libvirtd: { emulators: ['x86_64'] },
    driverUri: (libvirtd) => localUri(libvirtd.qemuUri, libvirtd),
    // What hangs is to hang for longer than the test looks.
    settings: { request_timeout_ms: 600_000 },
    limits: { readTimeoutMs: 600_000 },
  });
  const connection = await connect(localUri(virsh.libvirtd.qemuUri, virsh.libvirtd));
  for (const name of [frozen, lively]) await connection.call(domainDefineXmlFlags, { xml: definition(name) });
  await connection.close();
});

afterAll(() => virsh.stop());

test('a frozen guest delays its own calls only', async () => {
  for (const instance of [frozen, lively]) await virsh.call('compute.power_on', { instance });
  const pid = processOf(frozen);
  process.kill(pid, 'SIGSTOP');
  let answered = 0;
  const hanging = Array.from({ length: 8 }, async () => {
    await virsh
      .call('compute.get_diagnostics', { instance: frozen })
      .catch(() => virsh.call('compute.get_info', { instance: frozen }));
    answered += 1;
  });
  const pausing = virsh.call('compute.pause', { instance: frozen });
  try {
    for (let query = 0; query < 50; query += 1) {
      await expect(virsh.call('power.query', { instance: lively })).resolves.toMatchObject({ state: 'on' });
    }
    await expect(virsh.call('compute.list_instances', {})).resolves.toMatchObject({ instances: { length: 2 } });
    await expect(virsh.call('compute.pause', { instance: lively })).resolves.toMatchObject({ power_state: 'paused' });
    await expect(virsh.call('compute.power_off', { instance: lively })).resolves.toMatchObject({
      power_state: 'shutdown',
    });
    // Its own are held up until it goes on.
    await expect(Promise.race([pausing, Promise.resolve('held up')])).resolves.toBe('held up');
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await Promise.all(hanging);
  expect(answered).toBe(8);
  await expect(pausing).resolves.toMatchObject({ power_state: 'paused' });
});

test('a frozen guest is stopped all the same, although it cannot be asked', async () => {
  await virsh.call('compute.power_on', { instance: lively });
  process.kill(processOf(lively), 'SIGSTOP');
  await expect(virsh.call('power.soft_off', { instance: lively, within_s: 1, force: true })).resolves.toMatchObject({
    outcome: 'done',
    state: 'off',
  });
});

test('a guest that does not listen is not rebooted softly, unless it is forced to', async () => {
  await virsh.call('compute.power_on', { instance: lively });
  const before = processOf(lively);
  const soft = { instance: lively, type: 'soft', within_s: 3 };
  await expect(virsh.call('compute.reboot', soft)).rejects.toMatchObject({
    code: 'OPERATION_FAILED',
    outcome: 'unknown',
    message: expect.stringContaining('still runs after 3 s'),
  });
  expect(processOf(lively)).toBe(before);
  await expect(virsh.call('compute.reboot', { ...soft, force: true })).resolves.toMatchObject({
    outcome: 'done',
    power_state: 'running',
  });
  expect(processOf(lively)).not.toBe(before);
});

function definition(name: string): string {
  const os = "<os><type arch='x86_64'>hvm</type></os>";
  return `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory>${os}</domain>`;
}

/** Of the emulator of a guest, by what it was started with. */
function processOf(guest: string): number {
  const pid = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && commandOf(entry).includes(`guest=${guest},`));
  if (pid === undefined) throw new Error(`guest ${guest} has no process`);
  return Number(pid);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}
