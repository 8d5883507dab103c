import { copyFileSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { storagePoolDefineXml, storagePoolDestroy, storagePoolUndefine } from 'node-libvirt';
import { type Libvirtd, startLibvirtd } from '../../../scripts/libvirtd.mjs';
import { imageVolumeOf, keptImages } from '../../../src/drivers/virsh/mapping/image-volume.js';
import { instanceFiles } from '../../../src/drivers/virsh/mapping/names.js';
import { ensureConfigDrive } from '../../../src/drivers/virsh/operations/storage/config-drive.js';
import { findPool } from '../../../src/drivers/virsh/operations/storage/find-pool.js';
import { ensureNoInstanceVolumes } from '../../../src/drivers/virsh/operations/storage/instance-volumes.js';
import { keepAsImage, shownImage } from '../../../src/drivers/virsh/operations/storage/kept-images.js';
import { ensureDisk, ensureMedium, ensureNoDisk } from '../../../src/drivers/virsh/operations/storage/root-disk.js';
import { firstBootOf, seedContent, seedMedium } from '../../../src/first-boot/index.js';
import { failureOf } from '../../support/failure-of.js';
import { readIso } from '../../support/read-iso.js';
import { StorageBench, StorageContext } from './storage-bench.js';

const UUID = '0198a7c2-5f00-7000-8000-0000000000a1';
const MEBIBYTE = 1024 * 1024;
const { rootDisk, configDrive } = instanceFiles(UUID);

let daemon: Libvirtd;
beforeAll(async () => {
  daemon = await startLibvirtd();
});
afterAll(async () => {
  await daemon.stop();
});

let bench: StorageBench;
beforeEach(() => {
  bench = new StorageBench(daemon);
});
afterEach(async () => {
  await bench.stop();
});

/** A disk of an instance, for the operation of this context. */
async function disk(
  image: { source: string; [more: string]: unknown } | undefined,
  rootGib?: number,
  ctx = new StorageContext(),
) {
  const change = bench.change('web01', ctx);
  const pool = await bench.pool(change);
  const wanted = { volume: rootDisk, what: 'root disk of web01', image, rootGib };
  return await change.run('making', () => ensureDisk(change, pool, bench.images, wanted));
}

const infoOf = (path: string): Record<string, unknown> =>
  JSON.parse(bench.qemuImg('info', '--output=json', path)) as Record<string, unknown>;

describe('the pool', () => {
  test('is made when it is not there, and made again after it was stopped', async () => {
    const { pool: settings } = bench.place.settings;
    const caller = bench.place.caller(new StorageContext());
    expect(await findPool(caller, settings, {})).toBeUndefined();
    expect(await bench.list()).toEqual([]);
    const ctx = new StorageContext();
    const pool = await bench.pool(bench.change('x', ctx));
    expect(pool.path).toBe(bench.poolPath);
    expect(ctx.begun).toEqual(['start-pool']);
    await caller.call(storagePoolDestroy, { pool: { name: settings.name, uuid: (await pool.facts({})).uuid ?? '' } });
    expect(await failureOf(bench.list())).toMatchObject({ code: 'STATE_CONFLICT' });
    await bench.pool(bench.change());
    const again = new StorageContext();
    await bench.pool(bench.change('x', again));
    expect(again.begun).toEqual([]);
  });

  test('of another kind is refused', async () => {
    const { name } = bench.place.settings.pool;
    const caller = bench.place.caller(new StorageContext());
    const xml = `<pool type="logical"><name>${name}</name><target><path>/dev/zenova</path></target></pool>`;
    const { pool } = await caller.call(storagePoolDefineXml, { xml });
    const change = bench.change();
    const failure = await failureOf(change.run('making', () => bench.pool(change)));
    expect(failure).toMatchObject({ code: 'FEATURE_LIMITED', outcome: 'not-started' });
    expect(failure.message).toContain('is of the type logical');
    await caller.call(storagePoolUndefine, { pool });
  });
});

describe('an image', () => {
  test.each(['qcow2', 'raw'] as const)('of the format %s is kept as it is, and listed', async (format) => {
    bench.disk('noble', format);
    const { outcome, answer } = await bench.import('ubuntu 24.04', bench.address('noble'));
    expect(outcome).toBe('done');
    expect(answer.image).toMatchObject({
      name: 'ubuntu 24.04',
      format,
      size_bytes: statSync(bench.file('noble')).size,
      checksum: `sha256:${bench.sha256('noble')}`,
    });
    expect(await bench.list()).toEqual([answer.image]);
    const { id } = answer.image;
    expect(readFileSync(bench.inPool(id ?? '')).equals(readFileSync(bench.file('noble')))).toBe(true);
    expect(bench.modeOf(id ?? '')).toBe('600');
  });

  test.each(['vmdk', 'vhdx'] as const)('of the format %s becomes qcow2', async (format) => {
    bench.disk('noble', format);
    const { answer } = await bench.import('noble', bench.address('noble'));
    expect(answer.image).toMatchObject({ format: 'qcow2', checksum: `sha256:${bench.sha256('noble')}` });
    expect(bench.compare('raw', bench.file('noble.bytes'), bench.inPool(answer.image.id ?? ''))).toContain('identical');
  });

  test('is brought once', async () => {
    bench.disk('noble');
    bench.disk('other');
    await bench.import('noble', bench.address('noble'));
    expect(await bench.import('noble', bench.address('noble'))).toMatchObject({ outcome: 'already' });
    const checksum = `sha256:${bench.sha256('noble')}`;
    // The host has it by this checksum, so that nobody looks at the address.
    expect(await bench.import('noble', bench.address('gone'), { checksum })).toMatchObject({ outcome: 'already' });
    expect(await failureOf(bench.import('noble', bench.address('other')))).toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await bench.list()).toHaveLength(1);
  });

  test('that nobody should open comes to no host', async () => {
    bench.disk('noble');
    bench.qemuImg('create', '-f', 'qcow2', '-b', '/etc/passwd', '-F', 'raw', bench.file('hostile'));
    const ctx = new StorageContext();
    const failure = await failureOf(bench.import('x', bench.address('hostile'), {}, ctx));
    expect(failure).toMatchObject({ code: 'REQUEST_INVALID' });
    expect(failure.message).toContain('has a backing file');
    expect(await failureOf(bench.import('x', bench.address('noble'), { format: 'raw' }))).toMatchObject({
      code: 'REQUEST_INVALID',
    });
    expect(bench.lying()).toEqual([]);
  });

  test.each([
    ['a certificate', { trusted_certificates: ['x'] }, 'FEATURE_LIMITED'],
    ['a kernel', { format: 'kernel' }, 'FEATURE_LIMITED'],
    ['properties', { properties: { hw: 'x' } }, 'FEATURE_LIMITED'],
  ])('with %s is refused before anything is done', async (_what, more, code) => {
    const ctx = new StorageContext();
    expect(await failureOf(bench.import('x', bench.address('noble'), more, ctx))).toMatchObject({ code });
    expect(ctx.begun).toEqual([]);
  });

  test('is copied to a file, in another format where that is wanted', async () => {
    bench.disk('noble');
    await bench.import('noble', bench.address('noble'));
    const { answer } = await bench.export('noble', bench.address('copy'));
    expect(answer.image).toMatchObject({ name: bench.address('copy'), checksum: `sha256:${bench.sha256('noble')}` });
    expect(await bench.export('noble', bench.address('copy'))).toMatchObject({ outcome: 'already' });
    for (const format of ['raw', 'vmdk', 'vhdx']) {
      await bench.export('noble', bench.address(`copy.${format}`), { format });
      expect(bench.compare(format, bench.file(`copy.${format}`), bench.file('noble'))).toContain('identical');
    }
    expect(await failureOf(bench.export('none', bench.address('x')))).toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
    expect(await failureOf(bench.export('noble', 'file:/etc/x'))).toMatchObject({ code: 'FORBIDDEN' });
  });

  test('is removed, and not while a disk is made of it', async () => {
    bench.disk('noble');
    await bench.import('noble', bench.address('noble'));
    await disk({ source: 'noble' });
    const failure = await failureOf(bench.remove('noble'));
    expect(failure).toMatchObject({ code: 'STATE_CONFLICT', details: { used_by: [`volume ${rootDisk}`] } });
    expect(await bench.list()).toHaveLength(1);
    const change = bench.change();
    await ensureNoDisk(change, await bench.pool(change), { volume: rootDisk, what: 'root disk' });
    expect(await bench.remove('noble')).toMatchObject({ outcome: 'done' });
    expect(await bench.remove('noble')).toMatchObject({ outcome: 'already' });
    expect(bench.lying()).toEqual([]);
  });

  test('is planned for', async () => {
    bench.disk('noble');
    const target = bench.target('noble');
    const from = { source: bench.address('noble'), checksum: `sha256:${bench.sha256('noble')}` };
    const { importImage, removeImage } = bench.works;
    expect(await importImage.plan(new StorageContext(), target, { from })).toHaveLength(1);
    expect(await removeImage.plan(new StorageContext(), target, {})).toEqual([]);
    await bench.import('noble', from.source);
    expect(await importImage.plan(new StorageContext(), target, { from })).toEqual([]);
    expect(await removeImage.plan(new StorageContext(), target, {})).toHaveLength(1);
  });
});

describe('a disk', () => {
  test('grows out of an image of the host', async () => {
    bench.disk('noble');
    const { answer } = await bench.import('noble', bench.address('noble'));
    const made = await disk({ source: 'noble' }, 1);
    expect(made).toEqual({ type: 'file', path: bench.inPool(rootDisk), format: 'qcow2' });
    expect(infoOf(made.path)).toMatchObject({
      format: 'qcow2',
      'virtual-size': 1024 * MEBIBYTE,
      'backing-filename': bench.inPool(answer.image.id ?? ''),
      'backing-filename-format': 'qcow2',
    });
    expect(bench.modeOf(rootDisk)).toBe('600');
  });

  test('of an address has an image of its own, and takes it along when it goes', async () => {
    bench.disk('noble', 'raw');
    const made = await disk({ source: bench.address('noble') });
    expect(infoOf(made.path)).toMatchObject({ 'virtual-size': 8 * MEBIBYTE, 'backing-filename-format': 'raw' });
    expect(bench.lying()).toEqual([rootDisk, `${rootDisk}-base`]);
    expect(await bench.list()).toEqual([]);
    const change = bench.change();
    expect(await ensureNoInstanceVolumes(change, await bench.pool(change), UUID)).toBe(true);
    expect(bench.lying()).toEqual([]);
  });

  test('of an address that is to be kept is fetched once', async () => {
    bench.disk('noble');
    const source = bench.address('noble');
    await disk({ source, cache: true });
    expect((await bench.list()).map(({ name }) => name)).toEqual([source]);
    const checksum = `sha256:${bench.sha256('noble')}`;
    writeFileSync(bench.file('noble'), 'nobody reads this any more');
    await disk({ source, cache: true });
    await disk({ source: bench.address('elsewhere'), checksum });
    expect(await failureOf(disk({ source }))).toMatchObject({ code: 'REQUEST_INVALID' });
    expect(await bench.list()).toHaveLength(1);
  });

  test('of no image is empty', async () => {
    expect(infoOf((await disk(undefined, 1)).path)).toMatchObject({ 'virtual-size': 1024 * MEBIBYTE });
  });

  test('is never smaller than its image, which then does not even come', async () => {
    bench.qemuImg('create', '-q', '-f', 'qcow2', bench.file('large'), '1100M');
    const failure = await failureOf(disk({ source: bench.address('large') }, 1));
    expect(failure).toMatchObject({ code: 'REQUEST_INVALID' });
    expect(failure.message).toContain('must be at least 2');
    expect(bench.lying()).toEqual([]);
  });

  test.each([
    ['that is not there', { source: 'none' }, 'RESOURCE_NOT_FOUND'],
    ['with another checksum', { source: 'noble', checksum: `sha256:${'0'.repeat(64)}` }, 'OPERATION_FAILED'],
    ['of another format', { source: 'noble', format: 'raw' }, 'REQUEST_INVALID'],
    ['that is signed', { source: 'noble', trusted_certificates: ['x'] }, 'FEATURE_LIMITED'],
  ])('is not made of an image %s', async (_what, image, code) => {
    bench.disk('noble');
    await bench.import('noble', bench.address('noble'));
    expect(await failureOf(disk(image))).toMatchObject({ code });
    expect(bench.lying()).toHaveLength(2);
  });

  test('is not made of an image that the host has lost a part of', async () => {
    bench.disk('noble', 'raw');
    const { answer } = await bench.import('noble', bench.address('noble'));
    writeFileSync(bench.inPool(answer.image.id ?? ''), Buffer.alloc(512));
    const failure = await failureOf(disk({ source: 'noble' }));
    expect(failure.message).toContain('is damaged');
  });

  test('is made once by an operation, and anew by another', async () => {
    bench.disk('noble');
    await bench.import('noble', bench.address('noble'));
    const ctx = new StorageContext();
    const { path } = await disk({ source: 'noble' }, undefined, ctx);
    writeFileSync(path, 'what the guest has written');
    await disk({ source: 'noble' }, undefined, new StorageContext(ctx));
    expect(readFileSync(path, 'utf8')).toBe('what the guest has written');
    await disk({ source: 'noble' });
    expect(infoOf(path)).toMatchObject({ format: 'qcow2' });
  });

  test('is not left on an image that is being removed', async () => {
    bench.disk('noble');
    await bench.import('noble', bench.address('noble'));
    const ctx = new StorageContext();
    ctx.onStep = async (step) => {
      if (step !== 'create-volume') return;
      const [mark = ''] = bench.lying().filter((name) => name.endsWith('.ok'));
      const change = bench.change();
      await (await bench.pool(change)).remove(mark, 3000);
    };
    const failure = await failureOf(disk({ source: 'noble' }, undefined, ctx));
    expect(failure).toMatchObject({ code: 'STATE_CONFLICT' });
    expect(failure.message).toContain('was removed while');
    expect(bench.lying()).not.toContain(rootDisk);
  });

  test('becomes an image that is whole by itself', async () => {
    bench.disk('noble', 'raw');
    await bench.import('noble', bench.address('noble'));
    const { path } = await disk({ source: 'noble' }, 1);
    const ctx = new StorageContext();
    const change = bench.change('web01', ctx);
    const pool = await bench.pool(change);
    const kept = await keepAsImage(change, pool, rootDisk, 'web01 on Friday');
    const info = infoOf(bench.inPool(kept.volume));
    expect(info).toMatchObject({ format: 'qcow2', 'virtual-size': 1024 * MEBIBYTE });
    expect(info).not.toHaveProperty('backing-filename');
    expect(bench.compare('qcow2', path, bench.inPool(kept.volume))).toContain('identical');
    expect(await bench.list()).toContainEqual(shownImage(kept));
    expect(shownImage(kept)).toMatchObject({ checksum: null, size_bytes: statSync(bench.inPool(kept.volume)).size });
    const again = bench.change('web01', new StorageContext(ctx));
    expect(await keepAsImage(again, pool, rootDisk, 'web01 on Friday')).toEqual(kept);
    expect(bench.lying().filter((name) => imageVolumeOf(name) !== undefined)).toHaveLength(2);
  });
});

describe('media', () => {
  test('for cloud-init hold what the guest is told, and are made anew by another operation', async () => {
    const nics = [{ mac: '52:54:00:00:00:01', addresses: [{ address: '192.0.2.7/24' }] }];
    const content = (password: string) =>
      seedMedium(seedContent(firstBootOf({ name: 'web01', admin_password: password }, { instanceId: 'i-1', nics })));
    const ctx = new StorageContext();
    const change = bench.change('web01', ctx);
    const pool = await bench.pool(change);
    const path = await ensureConfigDrive(change, pool, configDrive, content('canary'));
    const { label, files } = readIso(path);
    expect(label).toBe('cidata');
    expect(Object.keys(files).toSorted()).toEqual(['/meta-data', '/network-config', '/user-data', '/vendor-data']);
    expect(String(files['/network-config'])).toContain('192.0.2.7/24');
    expect(bench.modeOf(configDrive)).toBe('600');
    expect(JSON.stringify([ctx.checkpoints, ctx.messages])).not.toContain('canary');
    const { ino } = statSync(path);
    await ensureConfigDrive(bench.change('web01', new StorageContext(ctx)), pool, configDrive, content('canary'));
    expect(statSync(path).ino).toBe(ino);
    await ensureConfigDrive(bench.change(), pool, configDrive, content('other'));
    expect(String(readIso(path).files['/user-data'])).not.toBe(String(files['/user-data']));
  });

  test('that instances start from are brought as they are', async () => {
    const change = bench.change();
    const pool = await bench.pool(change);
    await ensureConfigDrive(
      change,
      pool,
      configDrive,
      seedMedium(seedContent({ instanceId: 'i', name: 'x', nics: [] })),
    );
    copyFileSync(bench.inPool(configDrive), bench.file('rescue.iso'));
    const own = { volume: `zenova-${UUID}-start.iso`, what: 'medium of web01' };
    const image = { source: bench.address('rescue.iso'), format: 'iso' } as const;
    const path = await ensureMedium(change, pool, bench.images, image, own);
    expect(readFileSync(path).equals(readFileSync(bench.file('rescue.iso')))).toBe(true);
    bench.disk('noble');
    const disk = { source: bench.address('noble') };
    const failed = failureOf(ensureMedium(change, pool, bench.images, disk, { volume: 'x', what: 'another medium' }));
    expect(await failed).toMatchObject({ code: 'REQUEST_INVALID' });
  });
});

describe('an upload that breaks off', () => {
  const half = (ctx: StorageContext, act: () => void): void => {
    let hasActed = false;
    ctx.onProgress = (percent) => {
      if (percent < 30 || hasActed) return;
      hasActed = true;
      act();
    };
  };

  test('because libvirt dies is begun anew by itself', async () => {
    bench.disk('noble', 'raw', 64);
    const ctx = new StorageContext();
    let restarted: Promise<void> | undefined;
    half(ctx, () => {
      // Until it is killed, nothing more comes to it.
      process.kill(daemon.pid(), 'SIGSTOP');
      restarted = daemon.kill().then(() => daemon.restart());
    });
    expect(await bench.import('noble', bench.address('noble'), {}, ctx)).toMatchObject({ outcome: 'done' });
    await restarted;
    expect(ctx.begun.filter((step) => step === 'upload-volume')).toHaveLength(2);
    const [image] = keptImages(bench.lying());
    expect(readFileSync(bench.inPool(image?.volume ?? '')).equals(readFileSync(bench.file('noble')))).toBe(true);
    expect(bench.lying()).toHaveLength(2);
  });

  test('because its worker dies is no image, and the next worker makes it one', async () => {
    bench.disk('noble', 'raw', 64);
    const ctx = new StorageContext();
    half(ctx, () => ctx.abort(new Error('the worker died')));
    await expect(bench.import('noble', bench.address('noble'), {}, ctx)).rejects.toThrow('the worker died');
    expect(bench.lying()).toHaveLength(1);
    expect(await bench.list()).toEqual([]);
    const next = new StorageContext(ctx);
    const { importImage } = bench.works;
    const params = { from: { source: bench.address('noble') } };
    expect(await importImage.reconcile(next, bench.target('noble'), params)).toEqual({ verdict: 'continue' });
    expect(await importImage.run(next, bench.target('noble'), params)).toMatchObject({ outcome: 'done' });
    const after = new StorageContext(next);
    expect(await importImage.reconcile(after, bench.target('noble'), params)).toMatchObject({
      verdict: 'concluded',
      result: { outcome: 'done', answer: { image: { name: 'noble' } } },
    });
    expect(bench.lying()).toHaveLength(2);
  });

  test('for good is removed after two days, unless somebody needs it', async () => {
    bench.disk('noble', 'raw', 64);
    bench.disk('other');
    const ctx = new StorageContext();
    half(ctx, () => ctx.abort(new Error('the worker died')));
    await expect(bench.import('noble', bench.address('noble'), {}, ctx)).rejects.toThrow('the worker died');
    const [left = ''] = bench.lying();
    await bench.import('one', bench.address('other'));
    expect(bench.lying()).toContain(left);
    const longAgo = Date.now() / 1000 - 3 * 86_400;
    utimesSync(bench.inPool(left), longAgo, longAgo);
    await bench.import('two', bench.address('other'));
    expect(bench.lying()).not.toContain(left);
  });
});
