import { makeS390xDisk } from './s390x-disk.mjs';
import { makeS390xIso } from './s390x-iso.mjs';
import { makeX86Disk } from './x86-disk.mjs';
import { makeX86Iso } from './x86-iso.mjs';

/**
 * @typedef {'x86_64' | 's390x'} Architecture
 *
 * @typedef {(file: string, content: import('./make.mjs').Content, workshop: string) => Promise<void>} MakeImage
 *
 * @typedef {object} Making how guests of an architecture are made
 * @property {string} debian what Debian calls it
 * @property {string} kernelPackage takes the package of the newest kernel
 * @property {readonly string[]} modules what the kernel loads beside what it has in itself
 * @property {readonly string[]} kernelParameters
 * @property {readonly string[]} bootLoaders packages
 * @property {MakeImage} makeDisk
 * @property {MakeImage} makeIso
 */

const modulesEverywhere = [
  'virtio_net',
  'virtio_blk',
  'virtio_console',
  'virtio_balloon',
  'virtio_scsi',
  'sd_mod',
  'sr_mod',
  'isofs',
  'vfat',
  'nls_cp437',
  'nls_ascii',
];

/** @type {Readonly<Record<Architecture, Making>>} */
export const architectures = {
  x86_64: {
    debian: 'amd64',
    kernelPackage: 'linux-image-cloud-amd64',
    modules: ['virtio_pci', 'button', 'evdev', 'efivarfs', 'pvpanic-pci', ...modulesEverywhere],
    // The clock of an emulated machine stands still while its host does other things. Linux takes that for a timer that is broken, and
    // panics.
    kernelParameters: ['console=ttyS0', 'quiet', 'no_timer_check'],
    bootLoaders: ['shim-signed', 'grub-efi-amd64-signed', 'isolinux', 'syslinux-common'],
    makeDisk: makeX86Disk,
    makeIso: makeX86Iso,
  },
  s390x: {
    debian: 's390x',
    kernelPackage: 'linux-image-s390x',
    modules: ['crc32c_generic', 'ext4', ...modulesEverywhere],
    kernelParameters: ['console=ttysclp0', 'quiet'],
    bootLoaders: [],
    makeDisk: makeS390xDisk,
    makeIso: makeS390xIso,
  },
};
