import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../environment/run.mjs';
import { DATA_BYTES, FAT, LINUX, makeDataPartition, writePartitions } from './partitions.mjs';
import { syslinuxConfig } from './syslinux.mjs';

const MEBIBYTE = 1024 * 1024;
const SECTOR = 512;
const bootAt = MEBIBYTE;
const bootBytes = 40 * MEBIBYTE;
const dataAt = bootAt + bootBytes;

/**
 * Makes a disk for x86 that starts from one partition by BIOS, with syslinux, as well as by UEFI, with what Debian has signed for a
 * firmware that takes nothing else.
 *
 * @param {string} disk the file
 * @param {import('./make.mjs').Content} content
 * @param {string} workshop an empty directory
 */
export async function makeX86Disk(disk, { kernel, initrd, kernelParameters, hasData, packages }, workshop) {
  const tree = join(workshop, 'boot');
  for (const folder of ['EFI/BOOT', 'EFI/debian']) mkdirSync(join(tree, folder), { recursive: true });
  cpSync(kernel, join(tree, 'kernel'));
  cpSync(initrd, join(tree, 'initrd'));
  writeFileSync(join(tree, 'syslinux.cfg'), syslinuxConfig(kernelParameters));
  cpSync(join(packages, 'usr/lib/shim/shimx64.efi.signed'), join(tree, 'EFI/BOOT/BOOTX64.EFI'));
  cpSync(join(packages, 'usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed'), join(tree, 'EFI/BOOT/grubx64.efi'));
  writeFileSync(
    join(tree, 'EFI/debian/grub.cfg'),
    `linux /kernel ${kernelParameters.join(' ')}\ninitrd /initrd\nboot\n`,
  );

  writeFileSync(disk, readFileSync('/usr/lib/SYSLINUX/mbr.bin'));
  truncateSync(disk, hasData ? dataAt + DATA_BYTES : dataAt);
  writePartitions(disk, [
    { type: FAT, at: bootAt, bytes: bootBytes, isActive: true },
    ...(hasData ? [{ type: LINUX, at: dataAt, bytes: DATA_BYTES }] : []),
  ]);
  const partition = ['-i', `${disk}@@${bootAt}`];
  const geometry = ['-T', `${bootBytes / SECTOR}`, '-h', '64', '-s', '32', '-H', `${bootAt / SECTOR}`];
  await run('mformat', [...partition, ...geometry, '::']);
  const entries = ['EFI', 'kernel', 'initrd', 'syslinux.cfg'].map((name) => join(tree, name));
  await run('mcopy', [...partition, '-s', ...entries, '::']);
  await run('syslinux', ['--offset', `${bootAt}`, '--install', disk]);
  if (hasData) await makeDataPartition(disk, dataAt);
}
