import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readIso } from '../../test/support/read-iso.js';
import type { ObtainedImage } from '../compute/contract/index.js';
import { bootableIso } from './iso.js';
import { runProgram } from './programs.js';

const { signal } = new AbortController();
const SEED = new Map([
  ['meta-data', Buffer.from('instance-id: one\n')],
  ['user-data', Buffer.from('#cloud-config\n')],
]);

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zenova-iso-'));
  mkdirSync(join(root, 'workshop'));
});
afterEach(() => rmSync(root, { recursive: true }));

function folderOf(files: Record<string, string | Buffer>): string {
  const folder = join(root, 'made-of');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

const obtained = (): ObtainedImage => ({
  file: join(root, 'image'),
  workshop: join(root, 'workshop'),
  bytes: 0,
  sha256: '',
});

function tar(files: Record<string, string | Buffer>): ObtainedImage {
  execFileSync('tar', ['-C', folderOf(files), '-cf', join(root, 'image'), ...Object.keys(files)]);
  return obtained();
}

function iso(files: Record<string, string | Buffer>): ObtainedImage {
  const made = ['-as', 'mkisofs', '-quiet', '-r', '-V', 'INSTALLER', '-o', join(root, 'image'), folderOf(files)];
  execFileSync('xorriso', ['-no_rc', ...made], { stdio: 'ignore' });
  return obtained();
}

describe('kernel and initrd', () => {
  test('are packed with what IBM Z loads them by', async () => {
    const initrd = Buffer.alloc(70_000, 'i');
    const image = tar({ kernel: 'the kernel', initrd, parmfile: 'console=ttyS0\n  quiet\n', 'other/file': 'a' });
    const { file, insFile } = await bootableIso(image, {}, signal);
    const { label, files } = readIso(file);
    expect(label).toBe('ZENOVA');
    expect(Object.keys(files).toSorted()).toEqual(['/initrd', '/initrd.siz', '/kernel', '/parmfile', '/zenova.ins']);
    expect(files[insFile]?.toString()).toBe(
      '* packed by zenova\nkernel 0x00000000\ninitrd 0x02000000\nparmfile 0x00010480\ninitrd.siz 0x00010408\n',
    );
    expect(files['/kernel']?.toString()).toBe('the kernel');
    expect(files['/initrd']?.equals(initrd)).toBe(true);
    expect(files['/parmfile']?.toString()).toBe('console=ttyS0 quiet\0');
    expect(files['/initrd.siz']?.toString('hex')).toBe('00000000020000000000000000011170');
  });

  test('take a seed into the root, under the label that cloud-init looks for', async () => {
    const image = tar({ kernel: 'k', initrd: 'i' });
    const { file } = await bootableIso(image, { format: 'kernel' }, signal, { seed: SEED });
    const { label, files } = readIso(file);
    expect(label).toBe('cidata');
    expect(files['/meta-data']?.toString()).toBe('instance-id: one\n');
    expect(files['/user-data']?.toString()).toBe('#cloud-config\n');
    expect(files['/parmfile']).toBeUndefined();
  });

  test('are given parameters, behind their own', async () => {
    const more = { parameters: 'ds=nocloud;s=http://a/' };
    const one = await bootableIso(tar({ kernel: 'k', initrd: 'i', parmfile: 'quiet\n' }), {}, signal, more);
    expect(readIso(one.file).files['/parmfile']?.toString()).toBe('quiet ds=nocloud;s=http://a/\0');
  });

  test('are given parameters when they have none', async () => {
    const { file, insFile } = await bootableIso(tar({ kernel: 'k', initrd: 'i' }), {}, signal, { parameters: 'quiet' });
    const { files } = readIso(file);
    expect(files['/parmfile']?.toString()).toBe('quiet\0');
    expect(files[insFile]?.toString()).toContain('parmfile 0x00010480\n');
  });

  test.each([
    [{ kernel: 'k' }, /no file initrd/],
    [{ kernel: 'k', initrd: 'i', parmfile: 'a'.repeat(896) }, /Linux takes 895/],
  ])('are refused when they are not whole', async (files, why) => {
    const failure = bootableIso(tar(files), {}, signal);
    await expect(failure).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(failure).rejects.toThrow(why);
  });
});

describe('an ISO image of others', () => {
  test('stays as it is', async () => {
    const image = iso({ 'boot/ubuntu.ins': '* u\n' });
    await expect(bootableIso(image, {}, signal)).resolves.toEqual({ file: image.file, insFile: '/boot/ubuntu.ins' });
  });

  const UBUNTU = {
    'boot/ubuntu.ins': '* Ubuntu\nkernel.ubuntu 0x00000000\nparmfile.ubuntu 0x00010480\ninitrd.ubuntu 0x01000000\n',
    'boot/kernel.ubuntu': 'k',
    'boot/initrd.ubuntu': 'i',
    'boot/parmfile.ubuntu': 'console=ttyS0 \n',
  };

  test('takes a seed beside its own files, keeps its label, and names the seed to the kernel', async () => {
    const image = iso(UBUNTU);
    const { file, insFile } = await bootableIso(image, { format: 'iso' }, signal, { seed: SEED });
    const { label, files } = readIso(file);
    expect(label).toBe('INSTALLER');
    for (const [name, content] of Object.entries(UBUNTU)) expect(files[`/${name}`]?.toString()).toBe(content);
    expect(files['/cidata/meta-data']?.toString()).toBe('instance-id: one\n');
    expect(insFile).toBe('/boot/zenova.ins');
    expect(files[insFile]?.toString()).toBe(
      '* Ubuntu\nkernel.ubuntu 0x00000000\ninitrd.ubuntu 0x01000000\nzenova.prm 0x00010480\n',
    );
    expect(files['/boot/zenova.prm']?.toString()).toBe('console=ttyS0 ds=nocloud;s=/cdrom/cidata/\0');
  });

  test('names another seed when it is given one, behind its own parameters', async () => {
    const additions = { seed: SEED, parameters: 'autoinstall ds=nocloud;s=http://a/' };
    const { file } = await bootableIso(iso(UBUNTU), {}, signal, additions);
    const { files } = readIso(file);
    expect(files['/boot/zenova.prm']?.toString()).toBe('console=ttyS0 autoinstall ds=nocloud;s=http://a/\0');
  });

  test('is given parameters alone, also when it has none', async () => {
    const image = iso({ 'a.ins': 'kernel 0x00000000', kernel: 'k' });
    const { file, insFile } = await bootableIso(image, {}, signal, { parameters: 'quiet' });
    const { files } = readIso(file);
    expect(insFile).toBe('/zenova.ins');
    expect(files[insFile]?.toString()).toBe('kernel 0x00000000\nzenova.prm 0x00010480\n');
    expect(files['/zenova.prm']?.toString()).toBe('quiet\0');
    expect(files['/cidata/meta-data']).toBeUndefined();
  });

  test('with parameters that are too many, or not in ASCII, is refused', async () => {
    const long = bootableIso(iso(UBUNTU), {}, signal, { parameters: 'a'.repeat(890) });
    await expect(long).rejects.toThrow(/has 904 characters; Linux takes 895/);
    const ebcdic = iso({ ...UBUNTU, 'boot/parmfile.ubuntu': Buffer.from([0x98, 0xa4, 0x89, 0x85, 0xa3]) });
    await expect(bootableIso(ebcdic, {}, signal, { parameters: 'a' })).rejects.toThrow(/not in ASCII/);
  });

  test('with several .ins files is asked about', async () => {
    const image = iso({ 'a.ins': 'a', 'sub dir/b.ins': 'b' });
    await expect(bootableIso(image, {}, signal)).rejects.toThrow(/several .ins files; .* \/a.ins, \/sub dir\/b.ins/);
    const named = bootableIso(image, { properties: { ins_file: 'sub dir/b.ins' } }, signal);
    await expect(named).resolves.toMatchObject({ insFile: '/sub dir/b.ins' });
    const wrong = bootableIso(image, { properties: { ins_file: '/c.ins' } }, signal);
    await expect(wrong).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  test('without one is refused, and so is what is another format than it is called', async () => {
    const image = iso({ a: 'a' });
    await expect(bootableIso(image, {}, signal)).rejects.toThrow(/no .ins file/);
    await expect(bootableIso(image, { format: 'kernel' }, signal)).rejects.toThrow(/of the format iso, not/);
    writeFileSync(image.file, 'neither');
    await expect(bootableIso(image, {}, signal)).rejects.toThrow(/neither an ISO image nor a tar/);
  });
});

test('a program that is missing is named, with what installs it', async () => {
  const missing = runProgram('zenova-no-such-program', [], 'reading the ISO image', signal);
  await expect(missing).rejects.toThrow(/reading the ISO image did not work: .*apt install zenova-no-such-program/);
});
