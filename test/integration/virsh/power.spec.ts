import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { VirshBench } from '../../support/virsh-bench.js';

/** The domain that libvirt's test driver has. */
const instance = 'test';
let virsh: VirshBench;

beforeAll(async () => {
  virsh = await VirshBench.start();
});

afterAll(() => virsh.stop());

const state = async () => await virsh.call('compute.get_info', { instance });

describe('power and memory of a domain of libvirt’s test driver', () => {
  test('is listed, and told of by name and by UUID', async () => {
    const { instances } = await virsh.call('compute.list_instances', {});
    expect(instances).toEqual([
      expect.objectContaining({
        name: 'test',
        power_state: 'running',
        native_state: expect.stringMatching(/^running/),
      }),
    ]);
    const { id } = await state();
    await expect(virsh.call('compute.get_info', { instance: String(id) })).resolves.toMatchObject({
      name: 'test',
      vcpus: 2,
      memory_mib: 2048,
      max_memory_mib: 8192,
    });
  });

  test.each([
    ['compute.power_on', 'already', 'running'],
    ['compute.pause', 'done', 'paused'],
    ['compute.pause', 'already', 'paused'],
    ['compute.power_on', 'done', 'running'],
    ['compute.pause', 'done', 'paused'],
    ['compute.unpause', 'done', 'running'],
    ['compute.suspend', 'done', 'suspended'],
    ['compute.suspend', 'already', 'suspended'],
    ['compute.resume', 'done', 'running'],
    ['compute.reboot', 'done', 'running'],
    ['compute.suspend', 'done', 'suspended'],
    ['compute.power_off', 'done', 'shutdown'],
    ['compute.power_off', 'already', 'shutdown'],
    ['compute.power_on', 'done', 'running'],
    ['compute.power_off', 'done', 'shutdown'],
    ['compute.reboot', 'done', 'running'],
  ] as const)('%s is %s and leaves it %s', async (method, outcome, powerState) => {
    await expect(virsh.call(method, { instance })).resolves.toMatchObject({ outcome, power_state: powerState });
    await expect(state()).resolves.toMatchObject({ power_state: powerState });
  });

  test.each([
    ['running', 'compute.power_on', {}, ['ask-shutdown', 'start']],
    ['running', 'compute.power_on', { within_s: 5, force: true }, ['ask-shutdown', 'destroy', 'start']],
    ['shutdown', 'compute.power_off', {}, ['start']],
    ['paused', 'compute.pause', { force: true }, ['destroy', 'start']],
    ['suspended', 'compute.suspend', { force: true }, ['drop-memory', 'start']],
  ] as const)('a soft reboot of what is %s leaves it running', async (_state, before, how, steps) => {
    const request = { instance, type: 'soft', ...how };
    await virsh.call(before, { instance });
    await expect(virsh.call('compute.reboot', { ...request, plan: true })).resolves.toMatchObject({
      outcome: 'planned',
      steps: steps.map((action) => ({ action })),
    });
    await expect(virsh.call('compute.reboot', request)).resolves.toMatchObject({
      outcome: 'done',
      power_state: 'running',
    });
    await expect(state()).resolves.toMatchObject({ power_state: 'running' });
  });

  test('a soft reboot of what hears nothing is refused, and leaves it as it is', async () => {
    await virsh.call('compute.pause', { instance });
    for (const plan of [true, false]) {
      await expect(virsh.call('compute.reboot', { instance, type: 'soft', plan })).rejects.toMatchObject({
        code: 'STATE_CONFLICT',
        message: expect.stringContaining('hears nothing'),
      });
    }
    await expect(state()).resolves.toMatchObject({ power_state: 'paused' });
    await virsh.call('compute.unpause', { instance });
  });

  test('the wrong state is a conflict', async () => {
    await expect(virsh.call('compute.unpause', { instance, plan: true })).resolves.toMatchObject({ steps: [] });
    await expect(virsh.call('compute.resume', { instance })).resolves.toMatchObject({ outcome: 'already' });
    await virsh.call('compute.power_off', { instance });
    await expect(virsh.call('compute.pause', { instance })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    await expect(virsh.call('compute.suspend', { instance, plan: true })).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
    });
    await virsh.call('compute.power_on', { instance });
  });

  test('a domain that nobody has is not found', async () => {
    await expect(virsh.call('compute.power_on', { instance: 'nobody' })).rejects.toMatchObject({
      code: 'INSTANCE_NOT_FOUND',
      message: expect.stringContaining('there is no domain nobody'),
    });
  });

  test('a plan names its steps, and nothing is done', async () => {
    await expect(virsh.call('compute.reboot', { instance, plan: true })).resolves.toMatchObject({
      outcome: 'planned',
      steps: [{ action: 'destroy' }, { action: 'start' }],
    });
    await expect(state()).resolves.toMatchObject({ power_state: 'running' });
  });

  test('tells of the host, and that all is well with it', async () => {
    await expect(virsh.call('host.get_info', {})).resolves.toMatchObject({
      status: 'up',
      hypervisor: expect.stringMatching(/^TEST.*libvirt \d+\.\d+\.\d+$/),
      instances: 1,
      running: 1,
    });
    const { checks } = await virsh.call('host.test', {});
    expect(checks).toContainEqual(expect.objectContaining({ name: 'daemon', ok: true }));
  });
});

test('a daemon that is restarted is asked again', async () => {
  await virsh.libvirtd.restart();
  await expect(state()).resolves.toMatchObject({ name: 'test', power_state: 'running' });
});

test('what guests need of a host is looked at, and what cannot be had is told', async () => {
  const { requirements } = await virsh.call('host.preflight', { instance });
  expect(requirements).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ requirement: 'permission', status: 'met' }),
      expect.objectContaining({ requirement: 'libvirt_level', status: 'met' }),
      expect.objectContaining({
        requirement: 'hypervisor_level',
        status: 'not_met',
        evidence: 'the hypervisor is TEST',
      }),
      expect.objectContaining({ requirement: 'agent_channel', subject: 'test', status: 'not_met' }),
    ]),
  );
});

test('soft off waits for the guest, and a reset is refused where nothing runs', async () => {
  await expect(virsh.call('power.soft_off', { instance })).resolves.toMatchObject({ outcome: 'done', state: 'off' });
  await expect(virsh.call('power.soft_off', { instance })).resolves.toMatchObject({ outcome: 'already', state: 'off' });
  await expect(virsh.call('power.reset', { instance })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
  await virsh.call('power.on', { instance });
  await expect(virsh.call('power.reset', { instance })).resolves.toMatchObject({ outcome: 'done', state: 'on' });
});
