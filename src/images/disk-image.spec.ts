import { execFileSync } from 'node:child_process';
import { mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { failureOf } from '../../test/support/failure-of.js';
import { ComputeError } from '../common/errors/index.js';
import { convertDisk } from './convert-disk.js';
import { inspectDiskImage } from './disk-image.js';

const MEBIBYTE = 1024 * 1024;
const { signal } = new AbortController();
let folder: string;
const at = (name: string): string => join(folder, name);
const qemuImg = (...args: string[]): void => void execFileSync('qemu-img', args, { stdio: 'pipe' });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zenova-disk-image-'));
  await writeFile(at('disk.raw'), Buffer.alloc(MEBIBYTE, 'disk '));
  await truncate(at('disk.raw'), 8 * MEBIBYTE);
  for (const format of ['qcow2', 'vmdk', 'vhdx']) {
    qemuImg('convert', '-f', 'raw', '-O', format, at('disk.raw'), at(`disk.${format}`));
  }
});
afterAll(async () => await rm(folder, { recursive: true }));

/** A copy of a file with some bytes of it changed. */
async function changed(from: string, position: number, bytes: Buffer): Promise<string> {
  const copy = at(`changed-${from}`);
  await writeFile(copy, await readFile(at(from)));
  const handle = await open(copy, 'r+');
  await handle.write(bytes, 0, bytes.length, position);
  await handle.close();
  return copy;
}

function big(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

async function written(content: Buffer | string): Promise<string> {
  await writeFile(at('written'), content);
  return at('written');
}

describe('an image', () => {
  test.each(['raw', 'qcow2', 'vmdk'] as const)(
    'of the format %s is known by itself, and how large its disk is',
    async (format) => {
      expect(await inspectDiskImage(at(`disk.${format}`), undefined)).toEqual({ format, virtualBytes: 8 * MEBIBYTE });
      expect(await inspectDiskImage(at(`disk.${format}`), format)).toEqual({ format, virtualBytes: 8 * MEBIBYTE });
    },
  );

  test('of the format vhdx is known by itself', async () => {
    expect(await inspectDiskImage(at('disk.vhdx'), undefined)).toEqual({ format: 'vhdx', virtualBytes: undefined });
  });

  test('of one format is never taken for another, raw least of all', async () => {
    expect(String(await failureOf(inspectDiskImage(at('disk.qcow2'), 'raw')))).toContain(
      'is of the format qcow2, not of the format raw',
    );
    expect(String(await failureOf(inspectDiskImage(at('disk.raw'), 'qcow2')))).toContain('not of the format qcow2');
  });

  test.each([
    ['gzip', '\x1f\x8b\x08'],
    ['xz', '\xfd7zXZ\0'],
    ['LUKS', 'LUKS\xba\xbe'],
    ['VHD', 'conectix'],
    ['several files', '# Disk DescriptorFile\n'],
    ['HTML', '<!DOCTYPE html><title>404'],
  ])('that begins like %s is refused', async (what, beginning) => {
    const bytes = Buffer.alloc(4096);
    bytes.write(beginning, 'latin1');
    expect(String(await failureOf(inspectDiskImage(await written(bytes), 'raw')))).toContain(what);
  });

  test('of no sectors is refused', async () => {
    expect(String(await failureOf(inspectDiskImage(await written('not found'), undefined)))).toContain(
      'multiple of 512',
    );
    expect(String(await failureOf(inspectDiskImage(await written(''), undefined)))).toContain('a disk of 0 bytes');
  });
});

describe('a qcow2 image', () => {
  test('with a backing file is refused', async () => {
    qemuImg('create', '-f', 'qcow2', '-b', at('disk.raw'), '-F', 'raw', at('overlay.qcow2'));
    expect(String(await failureOf(inspectDiskImage(at('overlay.qcow2'), 'qcow2')))).toContain('has a backing file');
  });

  test('with its data in another file is refused', async () => {
    qemuImg('create', '-f', 'qcow2', '-o', `data_file=${at('data.raw')}`, at('external.qcow2'), '1M');
    expect(String(await failureOf(inspectDiskImage(at('external.qcow2'), undefined)))).toContain('in another file');
  });

  test.each([
    ['a size beyond sense', 24, big(1n << 62n), 'claims to be a disk of'],
    ['no size', 24, big(0n), 'claims to be a disk of 0 bytes'],
    ['another version', 4, Buffer.from([0, 0, 0, 9]), 'the version 9'],
    ['features of tomorrow', 72, big(1n << 40n), 'features of qcow2 that nobody knows'],
    ['a mark of corruption', 72, big(2n), 'marked as corrupt'],
    ['a cipher', 32, Buffer.from([0, 0, 0, 2]), 'is encrypted'],
    ['odd clusters', 20, Buffer.from([0, 0, 0, 63]), 'clusters of 2^63 bytes'],
  ])('with %s is refused', async (_what, position, bytes, reason) => {
    const file = await changed('disk.qcow2', position, bytes);
    expect(String(await failureOf(inspectDiskImage(file, undefined)))).toContain(reason);
  });

  test('whose header is anything is taken or refused, and never leads elsewhere', async () => {
    const header = fc.uint8Array({ minLength: 0, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(header, fc.bigInt({ min: 1n, max: (1n << 64n) - 1n }), async (rest, backing) => {
        const bytes = Buffer.concat([Buffer.from('QFI\xfb', 'latin1'), rest]);
        if (bytes.length >= 16) bytes.writeBigUInt64BE(backing, 8);
        expect(await failureOf(inspectDiskImage(await written(bytes), undefined))).toBeInstanceOf(ComputeError);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a VMDK image', () => {
  /** Its descriptor with one text in place of another of the same length. */
  const described = async (from: string | RegExp, to: string): Promise<string> => {
    const content = (await readFile(at('disk.vmdk'))).toString('latin1');
    const found = typeof from === 'string' ? from : (from.exec(content)?.[0] ?? '');
    expect(content).toContain(found);
    return await written(Buffer.from(content.replace(found, to.padEnd(found.length)), 'latin1'));
  };

  test('of the kind that is streamed is taken', async () => {
    qemuImg('convert', '-O', 'vmdk', '-o', 'subformat=streamOptimized', at('disk.raw'), at('stream.vmdk'));
    expect(await inspectDiskImage(at('stream.vmdk'), 'vmdk')).toMatchObject({ virtualBytes: 8 * MEBIBYTE });
  });

  test.each([
    ['in several files', 'createType="monolithicSparse"', 'createType="monolithicFlat"', 'several files'],
    ['that leads to a file of the host', /RW 16384 SPARSE "[^"]*"/, 'RW 16384 SPARSE "/e/pw"', 'leads to other files'],
    ['whose data lie flat in another file', /RW 16384 SPARSE/, 'RW 16384 FLAT', 'leads to other files'],
    ['with a parent', 'parentCID=ffffffff', 'parentCID=00000001', 'has a parent'],
  ])('%s is refused', async (_what, from, to, reason) => {
    expect(String(await failureOf(inspectDiskImage(await described(from, to), undefined)))).toContain(reason);
  });

  test('with nothing but a descriptor in it is refused', async () => {
    const file = await changed('disk.vmdk', 12, Buffer.alloc(8));
    expect(String(await failureOf(inspectDiskImage(file, undefined)))).toContain('no VMDK descriptor');
  });
});

describe('a disk', () => {
  test.each(['vmdk', 'vhdx'] as const)('of the format %s is the same as qcow2', async (format) => {
    const workshop = await mkdtemp(at('workshop-'));
    const { file: made } = await convertDisk({ file: at(`disk.${format}`), format }, 'qcow2', workshop, signal);
    expect(await inspectDiskImage(made, 'qcow2')).toEqual({ format: 'qcow2', virtualBytes: 8 * MEBIBYTE });
    qemuImg('compare', '-f', 'raw', '-F', 'qcow2', at('disk.raw'), made);
  });

  test('that cannot be read says why', async () => {
    const workshop = await mkdtemp(at('workshop-'));
    const broken = await written(Buffer.concat([Buffer.from('vhdxfile'), Buffer.alloc(MEBIBYTE)]));
    const failure = await failureOf(convertDisk({ file: broken, format: 'vhdx' }, 'qcow2', workshop, signal));
    expect(failure).toMatchObject({ code: 'OPERATION_FAILED', outcome: 'not-applied' });
    expect(String(failure)).toContain('converting the image from vhdx to qcow2 did not work');
  });
});
