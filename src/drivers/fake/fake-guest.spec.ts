import { describe, expect, it } from '@jest/globals';
import { FakeBench } from '../../../test/support/fake-bench.js';

const data = { id: 'data', connection: { type: 'block', path: '/dev/data' } };
const flavor = { vcpus: 8, memory_mib: 16_384 };

describe('guests of the fake driver', () => {
  it('do what they are told, and write it to their console', async () => {
    const bench = new FakeBench();
    await bench.run('quiesce');
    expect(await bench.run('quiesce')).toMatchObject({ outcome: 'already' });
    expect(await bench.facts()).toMatchObject({ quiesced: true });
    await bench.run('unquiesce');
    expect(await bench.run('unquiesce')).toMatchObject({ outcome: 'already' });
    await bench.run('setAdminPassword', { user: 'admin', password: 'top-secret' });
    await bench.run('sendConsoleCommand', { command: 'uptime' });
    await bench.run('triggerCrashDump');
    const log = await bench.log();
    expect(log).toMatch(/held\n.*go on\n.*password of admin was changed\n.*> uptime\n.*memory was dumped\n$/);
    expect(log).not.toContain('top-secret');
    expect(await bench.facts()).toMatchObject({ crash_dumps: 1, guest: { admin_password_set: true } });
    const tail = await bench.host.operations.getConsoleLog?.(bench.ctx(), 'guest', { tail_lines: 2 });
    expect(tail).toMatchObject({ log: expect.stringMatching(/^[^\n]*uptime\n[^\n]*\n$/), isCut: true });
  });

  it('cannot be asked while they do not run, or without an agent', async () => {
    const bench = new FakeBench({ initial_state: 'shutdown' });
    const image = { source: 'debian-13', properties: { hw_qemu_guest_agent: 'no' } };
    await bench.run('spawn', { name: 'mute', flavor, image }, { of: 'mute' });
    for (const name of ['guest', 'mute']) {
      for (const operation of ['quiesce', 'setAdminPassword'] as const) {
        const refused = bench.run(operation, { password: 'p' }, { of: name });
        await expect(refused).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
      }
      expect(await bench.run('unquiesce', {}, { of: name })).toMatchObject({ outcome: 'already' });
    }
  });

  it('show their consoles to who asks, for a while', async () => {
    const bench = new FakeBench();
    const ctx = bench.ctx();
    const target = await bench.host.resolve(ctx, 'guest');
    const open = (type: 'serial' | 'vnc' | 'spice') => bench.host.operations.getConsole?.(ctx, target, { type });
    const [first, second] = [await open('serial'), await open('serial')];
    expect(first).toMatchObject({ type: 'serial', url: expect.stringMatching(/^wss:/) });
    expect(first?.url).not.toBe(second?.url);
    expect(first?.expiresAt).toBeGreaterThan(Date.now());
    expect(await open('vnc')).toMatchObject({ url: null, port: 5900, tlsPort: null });
    expect(await open('spice')).toMatchObject({ port: 5930, tlsPort: 5931, password: expect.any(String) });
    await bench.run('powerOff');
    await expect(open('serial')).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
  });

  it('tell what they use', async () => {
    const bench = new FakeBench();
    await bench.run('attachVolume', { volume: data });
    const found = await bench.host.operations.getDiagnostics?.(bench.ctx(), 'guest');
    expect(found).toMatchObject({ memoryMib: 4096, cpus: [{ id: 0 }, { id: 1 }], disks: [{}, { device: 'vdb' }] });
  });
});

describe('the fake host', () => {
  it('tells what instances need', async () => {
    const bench = new FakeBench({ images: [] });
    const unmet = async (instance?: string) =>
      (await bench.host.operations.preflight?.(bench.ctx(), { instance }))
        ?.filter(({ status }) => status !== 'met')
        .map(({ requirement }) => requirement);
    expect(await unmet()).toEqual(['rescue_image']);
    expect(await unmet('guest')).toEqual(['rescue_image', 'agent']);
  });

  it('counts every request that reaches it, and none that is refused before', async () => {
    const bench = new FakeBench({ faults: [{ operation: 'powerOff', error: 'BACKEND_REJECTED' }] });
    const target = await bench.host.resolve(bench.ctx(), 'guest');
    expect(bench.site.requests).toBe(1);
    await bench.host.operations.powerOff(bench.ctx(), target, {}).catch(() => undefined);
    await bench.host.operations.pause?.(bench.ctx(), target, {});
    expect([bench.site.requests, bench.site.requestsOf('powerOff'), bench.site.requestsOf('pause')]).toEqual([3, 1, 1]);
    const volume = { ...data, limits: { read_bytes_sec: 1 } } as const;
    const limited = bench.host.operations.attachVolume?.(bench.ctx(), target, { volume } as never);
    await expect(limited).rejects.toMatchObject({
      code: 'FEATURE_LIMITED',
      details: { feature: 'guest.disk.rate-limit' },
    });
    expect(bench.site.requests).toBe(3);
  });
});
