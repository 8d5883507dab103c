import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connectListAllDomains, DomainState } from 'node-libvirt';
import { type Libvirtd, startLibvirtd } from '../../../scripts/libvirtd.mjs';
import { type Sshd, startSshd } from '../../../scripts/sshd.mjs';
import { systemClock } from '../../../src/common/clock.js';
import type { Domains, DomainStatus } from '../../../src/drivers/virsh/client/domains.port.js';
import { failureOf, type LibvirtFailure } from '../../../src/drivers/virsh/client/libvirt-failure.js';
import type { LibvirtLink } from '../../../src/drivers/virsh/client/libvirt-link.js';
import { ProgramDomains } from '../../../src/drivers/virsh/client/program-domains.js';
import { RpcDomains } from '../../../src/drivers/virsh/client/rpc-domains.js';
import { childAt, element, serialiseXml, textOf } from '../../../src/connectors/xml/index.js';
import { withDevice } from '../../../src/drivers/virsh/mapping/edit-domain.js';
import { createVirsh } from '../../../src/drivers/virsh/index.js';
import { placeAt } from '../../../src/drivers/virsh/operations/open-place.js';
import { pacingOf } from '../../../src/drivers/kit/index.js';
import { accessOf, VirshSettingsSchema } from '../../../src/drivers/virsh/virsh.settings.js';
import { toVirshComputeError } from '../../../src/drivers/virsh/virsh.errors.js';
import { eventually } from '../../support/eventually.js';
import { rejectionOf } from '../../support/failure-of.js';
import { RecordingContext } from '../../support/operation-context.js';
import { LinkBench, testUri } from './link-bench.js';

const NOBODY = '00000000-0000-0000-0000-000000000001';
const IN_TIME = 20_000;

let folder: string;
let daemon: Libvirtd;
let server: Sshd;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zenova-program-'));
  daemon = await startLibvirtd();
  server = await startSshd({
    authorizedKeys: [newKey('user')],
    settings: { LogLevel: 'VERBOSE' },
    // Where programs on the host look for the daemon.
    runtime: { libvirt: dirname(daemon.socketPath) },
  });
  const keys = server.publicHostKeys.map((key) => `[127.0.0.1]:${server.port} ${key}\n`);
  writeFileSync(join(folder, 'known_hosts'), keys.join(''));
  newKey('stranger');
});
afterAll(async () => {
  await server.stop();
  await daemon.stop();
  rmSync(folder, { recursive: true });
});

/** @returns the public key */
function newKey(name: string): string {
  const file = join(folder, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  return readFileSync(`${file}.pub`, 'utf8').trim();
}

let bench: LinkBench;
beforeEach(() => {
  bench = new LinkBench();
});
afterEach(async () => {
  await bench.stop();
});

const settings = (key = 'user'): object => ({
  uri: `test+ssh://127.0.0.1:${server.port}/default`,
  ssh: { key_file: join(folder, key), known_hosts_file: join(folder, 'known_hosts') },
});
const programLink = (key?: string): LibvirtLink => bench.hold({ ...settings(key), way: 'program' }).link;
const { signal } = new AbortController();

async function failed(promise: Promise<unknown>): Promise<LibvirtFailure> {
  const failure = failureOf(await rejectionOf(promise, Error));
  if (failure === undefined) throw new Error('it is no failure of libvirt');
  return failure;
}

describe.each(['rpc', 'program'] as const)('domains by way of %s', (way) => {
  let domains: Domains;
  let uuid: string;
  beforeEach(async () => {
    // The test driver forgets everything when nobody is connected.
    const keeper = bench.hold({ uri: testUri(daemon) }).link;
    await keeper.caller({}).call(connectListAllDomains, {});
    domains =
      way === 'program'
        ? new ProgramDomains(programLink().program({}), signal)
        : new RpcDomains(bench.hold(settings()).link.caller({}), signal);
    uuid = (await found('test')).uuid;
  });

  async function found(reference: string): Promise<DomainStatus> {
    const domain = await domains.find(reference);
    if (domain === undefined) throw new Error(`there is no ${reference}`);
    return domain;
  }

  test('are found by name and by UUID', async () => {
    const running = { name: 'test', uuid, state: DomainState.VIR_DOMAIN_RUNNING, hasSavedMemory: false };
    expect(await domains.list()).toEqual([expect.objectContaining(running)]);
    expect(await found(uuid)).toMatchObject(running);
    expect(await domains.status(uuid)).toMatchObject(running);
    for (const nobody of ['nobody', NOBODY, '1', '-c', "'; reboot"]) expect(await domains.find(nobody)).toBeUndefined();
    expect(await failed(domains.status(NOBODY))).toMatchObject({ missing: 'domain', isNotThere: true });
    expect(await failed(domains.definition(NOBODY))).toMatchObject({ missing: 'domain' });
    expect(await failed(domains.usage(NOBODY))).toMatchObject({ missing: 'domain' });
    expect(await failed(domains.destroy(NOBODY, IN_TIME))).toMatchObject({ missing: 'domain', mayHaveRun: false });
  });

  test('tell of themselves and of their host', async () => {
    expect(await domains.usage(uuid)).toMatchObject({ maxMemoryKib: 8_388_608, memoryKib: 2_097_152, vcpus: 2 });
    expect(textOf(childAt(await domains.definition(uuid), 'name'))).toBe('test');
    expect(await domains.hypervisor()).toEqual({
      hostname: hostname(),
      type: 'TEST',
      hypervisorVersion: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      libvirtVersion: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      cpuModel: 'i686',
      cpus: 16,
      memoryMib: 3072,
    });
    expect(textOf(childAt(await domains.capabilities(), 'host', 'cpu', 'arch'))).toBe('i686');
  });

  test('are led through their states', async () => {
    const state = async (): Promise<number> => (await domains.status(uuid)).state;
    await domains.suspend(uuid, IN_TIME);
    expect(await state()).toBe(DomainState.VIR_DOMAIN_PAUSED);
    await domains.resume(uuid, IN_TIME);
    expect(await state()).toBe(DomainState.VIR_DOMAIN_RUNNING);
    await domains.reset(uuid, IN_TIME);
    await domains.shutdown(uuid, undefined, IN_TIME);
    await eventually(async () => (await state()) === DomainState.VIR_DOMAIN_SHUTOFF, 'it has shut down');
    expect(await failed(domains.destroy(uuid, IN_TIME))).toMatchObject({ isWrongState: true, mayHaveRun: false });
    await domains.start(uuid, { timeoutMs: IN_TIME });
    await domains.saveMemory(uuid, IN_TIME);
    expect(await domains.status(uuid)).toMatchObject({ state: DomainState.VIR_DOMAIN_SHUTOFF, hasSavedMemory: true });
    expect(await domains.list()).toEqual([expect.objectContaining({ hasSavedMemory: true })]);
    await domains.dropSavedMemory(uuid, IN_TIME);
    expect(await domains.status(uuid)).toMatchObject({ hasSavedMemory: false });
    await domains.start(uuid, { timeoutMs: IN_TIME });
    expect(await state()).toBe(DomainState.VIR_DOMAIN_RUNNING);
  });

  test('are defined anew, with secrets that are told for nothing else', async () => {
    const screen = element('graphics', { type: 'vnc', port: 5900, passwd: 'of-vnc' });
    await domains.define(withDevice(await domains.definition(uuid, 'next'), screen), IN_TIME);
    const definition = await domains.definition(uuid, 'to-edit');
    expect(serialiseXml(definition)).toContain('of-vnc');
    await domains.define(definition, IN_TIME);
    expect(serialiseXml(await domains.definition(uuid, 'to-edit'))).toBe(serialiseXml(definition));
    expect(serialiseXml(await domains.definition(uuid, 'next'))).not.toContain('of-vnc');
  });

  test('are asked for again after the daemon was restarted', async () => {
    await daemon.kill();
    await eventually(async () => (await failed(domains.list())).isTransient, 'the daemon is missed');
    expect(await failed(domains.start(uuid, { timeoutMs: IN_TIME }))).toMatchObject({ mayHaveRun: false });
    await daemon.restart();
    await eventually(() => domains.list().then(Boolean, () => false), 'it answers again');
    expect(await domains.list()).toHaveLength(1);
  });
});

describe('the way of the program', () => {
  test('is enough for the driver to read and to switch', async () => {
    const keeper = bench.hold({ uri: testUri(daemon) }).link;
    await keeper.caller({}).call(connectListAllDomains, {});
    const { virtDriver } = createVirsh();
    const parsed = VirshSettingsSchema.parse({ ...settings(), way: 'program' });
    const host = virtDriver.open('kvm1', { ...settings(), way: 'program' }, bench.ports);
    try {
      const ctx = new RecordingContext(systemClock);
      const target = await host.resolve(ctx, 'test');
      expect(target.key).toBe(`virsh:${hostname().toLowerCase()}:${target.id}`);
      await expect(host.operations.powerOff(ctx, target, {})).resolves.toMatchObject({ outcome: 'done' });
      await expect(host.operations.queryPower(ctx, 'test')).resolves.toMatchObject({ powerState: 'shutdown' });
      await expect(host.operations.powerOn(ctx, target, {})).resolves.toMatchObject({ outcome: 'done' });
    } finally {
      await host.close();
    }
    const place = placeAt(accessOf(parsed), () => programLink(), pacingOf(parsed));
    expect(() => place.caller(new RecordingContext(systemClock))).toThrow(
      expect.objectContaining({ code: 'FEATURE_LIMITED', message: expect.stringContaining('give it way rpc') }),
    );
  });

  test('tells of devices as far as it can', async () => {
    const keeper = bench.hold({ uri: testUri(daemon) }).link;
    await keeper.caller({}).call(connectListAllDomains, {});
    const domains = new RpcDomains(keeper.caller({}), signal);
    const { uuid = '' } = (await domains.find('test')) ?? {};
    // Of which VLAN the group is, the network would say.
    const source = element('source', { network: 'default', portgroup: 'blue' });
    const plugged = withDevice(await domains.definition(uuid), element('interface', { type: 'network' }, source));
    await domains.define(plugged, IN_TIME);
    await domains.destroy(uuid, IN_TIME);
    const host = createVirsh().virtDriver.open('kvm1', { ...settings(), way: 'program' }, bench.ports);
    try {
      const ctx = new RecordingContext(systemClock);
      const info = await host.operations.getInfo?.(ctx, 'test', { maxAgeMs: 0, devices: true });
      expect(info?.devices?.interfaces).toContainEqual(expect.objectContaining({ network: 'default', vlan: null }));
    } finally {
      await host.close();
    }
  });

  test('names the host as libvirt does', async () => {
    const link = programLink();
    expect(link).toMatchObject({ label: `test+ssh://127.0.0.1:${server.port}/default` });
    expect(await link.hostUuid()).toBe(hostname().toLowerCase());
  });

  test('does not outlast its time', async () => {
    const domains = new ProgramDomains(programLink().program({}), signal);
    const { uuid } = (await domains.find('test')) ?? { uuid: '' };
    process.kill(daemon.pid(), 'SIGSTOP');
    try {
      expect(await failed(domains.destroy(uuid, 5000))).toMatchObject({ way: 'no-answer', mayHaveRun: true });
      const gone = new AbortController();
      const impatient = new ProgramDomains(programLink().program({}), gone.signal).list();
      gone.abort(new Error('not any more'));
      await expect(impatient).rejects.toThrow('not any more');
    } finally {
      process.kill(daemon.pid(), 'SIGCONT');
    }
    expect(await domains.list()).toHaveLength(1);
  });

  test('is not gone when the host is another one', async () => {
    const fingerprints = [`SHA256:${'A'.repeat(43)}`];
    const { link } = bench.hold({
      ...settings(),
      way: 'program',
      ssh: { key_file: join(folder, 'user'), fingerprints },
    });
    const failure = await rejectionOf(new ProgramDomains(link.program({}), signal).list(), Error);
    const doing = { what: 'listing', libvirt: link.label, changes: false };
    expect(toVirshComputeError(failure, doing)).toMatchObject({ code: 'HOST_KEY_MISMATCH', outcome: 'not-started' });
  });
});

describe.each(['rpc', 'program'] as const)('a key that is refused, by way of %s', (way) => {
  const connections = (): number =>
    readFileSync(join(server.dataDir, 'sshd.log'), 'utf8').split('Connection from').length - 1;

  test('is tried once, until somebody says so or it is another one', async () => {
    const key = join(folder, 'changing');
    copyFileSync(join(folder, 'stranger'), key);
    const { link } = bench.hold({ ...settings('changing'), way });
    const domains =
      way === 'program' ? new ProgramDomains(link.program({}), signal) : new RpcDomains(link.caller({}), signal);
    const before = connections();
    const failures = await Promise.all(Array.from({ length: 5 }, () => failed(domains.list())));
    expect(failures.every(({ isRefused }) => isRefused)).toBe(true);
    expect(failures.map(({ way: why }) => why)).toContain('held-back');
    expect(connections()).toBe(before + 1);
    expect(bench.breakers.keys).toEqual([
      { endpoint: `127.0.0.1:${server.port}/default`, user: '', credential: expect.any(String) },
    ]);

    expect(await link.rearm()).toBe(true);
    expect(await failed(domains.list())).toMatchObject({ way: 'refused' });
    expect(await failed(domains.list())).toMatchObject({ way: 'held-back' });
    expect(connections()).toBe(before + 2);

    copyFileSync(join(folder, 'user'), key);
    expect(await domains.list()).toHaveLength(1);
    expect(await link.rearm()).toBe(true);
    expect(await link.rearm()).toBe(false);
  });
});
