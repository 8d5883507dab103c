import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HmcSimulator, VirtualClock } from '../../../src/simulators/hmc/index.js';
import { until, WireClient } from './hmc-client.js';
import { machineInventory } from './machine-bench.js';

const MIB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes of buffers that somebody holds. What one collection finds is freed in the background, and certainly by the next. */
function heldBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

describe('ISO images', () => {
  let folder: string;
  let simulator: HmcSimulator;
  let client: WireClient;
  let session: string;
  const clock = new VirtualClock();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hmc-iso-'));
    const hmc = { max_body_bytes: 10_000, max_iso_bytes: 64 * MIB };
    simulator = await HmcSimulator.start({
      inventory: machineInventory({}, { hmc }),
      port: 0,
      clock,
      isoFolder: folder,
    });
    client = new WireClient(simulator);
    session = await client.logOn();
  });
  afterEach(async () => {
    client.close();
    await simulator.stop();
    await rm(folder, { recursive: true });
  });

  const uri = (name: string) => simulator.partitions(name, 'CPC1')[0]?.uri ?? '';
  const mountPath = (name: string, query = 'image-name=boot%20me.iso&ins-file-name=/boot/me.ins') =>
    `${uri(name)}/operations/mount-iso-image?${query}`;
  const post = (path: string, raw?: Buffer, who = session) =>
    client.send('POST', path, { session: who, ...(raw === undefined ? {} : { raw }) });
  const properties = async (name: string) => (await client.send('GET', uri(name), { session })).json;
  const files = () => readdir(folder);

  /** Sends an image of `pieces` MiB without ever holding it; returns the status and its hash. @param beforeEnd nearly all of it was sent */
  const stream = (path: string, pieces: number, beforeEnd: () => void = () => undefined) =>
    new Promise<{ status: number; sha256: string }>((resolve, reject) => {
      const hash = createHash('sha256');
      const sent = request(
        `${simulator.url}${path}`,
        {
          method: 'POST',
          agent: client.agent,
          headers: { 'X-API-Session': session, 'Content-Type': 'application/octet-stream' },
        },
        (response) => {
          response.resume();
          response.on('end', () => resolve({ status: response.statusCode ?? 0, sha256: hash.digest('hex') }));
        },
      );
      sent.on('error', reject);
      void (async () => {
        for (let index = 0; index < pieces; index += 1) {
          const piece = Buffer.alloc(MIB, index);
          hash.update(piece);
          if (!sent.write(piece)) await new Promise((go) => sent.once('drain', go));
        }
        beforeEnd();
        sent.end();
      })().catch(reject);
    });

  it('are mounted, booted and unmounted', async () => {
    const bytes = Buffer.from('not much of an image');
    expect((await post(mountPath('LPAR2'), bytes)).status).toBe(204);
    expect(await properties('LPAR2')).toMatchObject({
      'boot-iso-image-name': 'boot me.iso',
      'boot-iso-ins-file': '/boot/me.ins',
    });
    const [view] = simulator.partitions('LPAR2', 'CPC1');
    expect(view?.iso).toEqual({
      imageName: 'boot me.iso',
      insFile: '/boot/me.ins',
      sizeBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      file: expect.stringContaining(folder),
    });
    expect(await readFile(view?.iso?.file ?? '')).toEqual(bytes);
    expect(simulator.leftovers()['iso_images']).toEqual(['CPC1/LPAR2/boot me.iso']);

    const boot = { 'boot-device': 'iso-image', 'boot-os-specific-parameters': 'ds=nocloud' };
    expect((await client.send('POST', uri('LPAR2'), { session, json: boot })).status).toBe(204);
    expect((await post(`${uri('LPAR2')}/operations/start`)).status).toBe(202);
    clock.advance(10_000);
    expect(simulator.status('LPAR2')).toBe('active');
    expect(simulator.booted('LPAR2')).toMatchObject({
      device: 'iso-image',
      iso: view?.iso ?? {},
      osParameters: 'ds=nocloud',
    });

    expect((await post(`${uri('LPAR2')}/operations/unmount-iso-image`)).status).toBe(204);
    expect(await properties('LPAR2')).toMatchObject({ 'boot-iso-image-name': null, 'boot-iso-ins-file': null });
    await until(files, (left) => left.length === 0);
    // What it boots next time is gone.
    await post(`${uri('LPAR2')}/operations/stop`);
    clock.advance(10_000);
    await post(`${uri('LPAR2')}/operations/start`);
    clock.advance(10_000);
    expect(simulator.status('LPAR2')).toBe('terminated');
  });

  it('may be larger than any other body, and are not held', async () => {
    const before = heldBytes();
    let held = Number.POSITIVE_INFINITY;
    const { status, sha256 } = await stream(mountPath('LPAR2'), 60, () => {
      held = heldBytes() - before;
    });
    expect(status).toBe(204);
    expect(held).toBeLessThan(30 * MIB);
    expect(simulator.partitions('LPAR2', 'CPC1')[0]?.iso).toMatchObject({ sizeBytes: 60 * MIB, sha256 });
    expect((await post(`${uri('LPAR2')}/operations/unmount-iso-image`, Buffer.alloc(20_000))).status).toBe(413);
  });

  it('replace the one before', async () => {
    await post(mountPath('LPAR2'), Buffer.from('first'));
    await post(mountPath('LPAR2', 'image-name=b&ins-file-name=c'), Buffer.from('second'));
    await until(files, (left) => left.length === 1);
    expect(await properties('LPAR2')).toMatchObject({ 'boot-iso-image-name': 'b' });
  });

  it('are refused with nothing left of them', async () => {
    const bytes = Buffer.from('bytes');
    const reader = await client.logOn('reader', 'secret-of-reader');
    const answers = [
      await post(mountPath('LPAR2', 'ins-file-name=a'), bytes),
      await post(mountPath('LPAR2', 'image-name=a'), bytes),
      await post(mountPath('LPAR2', 'image-name=a&ins-file-name=b&size=1'), bytes),
      await post(mountPath('LPAR2')),
      await post(mountPath('moving'), bytes),
      await post(mountPath('LPAR2'), bytes, reader),
      await post(mountPath('LPAR2'), bytes, 'no-session'),
    ];
    expect(answers.map(({ json }) => `${String(json?.['http-status'])},${String(json?.['reason'])}`)).toEqual([
      '400,5',
      '400,5',
      '400,1',
      '400,3',
      '409,1',
      '403,1',
      '403,5',
    ]);
    expect((await stream(mountPath('LPAR2'), 65)).status).toBe(413);
    expect(await properties('LPAR2')).toMatchObject({ 'boot-iso-image-name': null });
    expect(await files()).toEqual([]);
  });

  it('leave nothing when the caller hangs up in the middle, or the answer is lost before', async () => {
    const cut = new AbortController();
    const sent = request(`${simulator.url}${mountPath('LPAR2')}`, {
      method: 'POST',
      agent: client.agent,
      headers: { 'X-API-Session': session, 'Content-Length': 10 * MIB },
      signal: cut.signal,
    });
    sent.on('error', () => undefined);
    sent.write(Buffer.alloc(MIB));
    await until(files, (left) => left.length === 1);
    cut.abort();
    await until(files, (left) => left.length === 0);
    expect(await properties('LPAR2')).toMatchObject({ 'boot-iso-image-name': null });
    expect(simulator.wireLog.count({ path: '*/mount-iso-image' })).toBe(0);

    simulator.fault({ kind: 'connection-reset', path: '*/mount-iso-image' });
    await expect(post(mountPath('LPAR2'), Buffer.from('x'))).rejects.toThrow();
    expect(await files()).toEqual([]);
    simulator.fault({ kind: 'answer-lost', path: '*/mount-iso-image' });
    await expect(post(mountPath('LPAR2'), Buffer.from('x'))).rejects.toThrow();
    expect(await properties('LPAR2')).toMatchObject({ 'boot-iso-image-name': 'boot me.iso' });
    expect(await files()).toHaveLength(1);
  });
});
