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
    const { file } = await bootableIso(image, { format: 'kernel' }, signal, SEED);
    const { label, files } = readIso(file);
    expect(label).toBe('cidata');
    expect(files['/meta-data']?.toString()).toBe('instance-id: one\n');
    expect(files['/user-data']?.toString()).toBe('#cloud-config\n');
    expect(files['/parmfile']).toBeUndefined();
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

  test('takes a seed beside its own files, and keeps its label', async () => {
    const image = iso({ 'boot/ubuntu.ins': '* u\n', 'boot/kernel': 'k' });
    const { file, insFile } = await bootableIso(image, { format: 'iso' }, signal, SEED);
    const { label, files } = readIso(file);
    expect(label).toBe('INSTALLER');
    expect(files[insFile]?.toString()).toBe('* u\n');
    expect(files['/boot/kernel']?.toString()).toBe('k');
    expect(files['/cidata/meta-data']?.toString()).toBe('instance-id: one\n');
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
