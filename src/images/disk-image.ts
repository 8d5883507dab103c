import { open, type FileHandle } from 'node:fs/promises';
import { ComputeError } from '../common/errors/index.js';
import type { ImageSource } from '../compute/contract/index.js';

/** What of a file is a disk, or a medium. The others that a source may name are archives. */
const DISK_FORMATS = ['raw', 'qcow2', 'vmdk', 'vhdx', 'iso'] as const;
export type DiskFormat = (typeof DISK_FORMATS)[number];

export interface DiskImage {
  readonly format: DiskFormat;
  /** Of the disk that a guest sees. Undefined where only a conversion tells (`vhdx`). */
  readonly virtualBytes: number | undefined;
}

const SECTOR = 512;
/** A disk that claims to be larger is none that somebody made: 64 TiB. */
const MOST_VIRTUAL_BYTES = 64 * 1024 ** 4;
/** Where ISO 9660 has its first descriptor, behind its type. */
const ISO_MAGIC_AT = 32_769;
const TAR_MAGIC_AT = 257;
const HEAD_BYTES = 33 * 1024;
/** The longest descriptor of a VMDK image. */
const MOST_DESCRIPTOR = 64 * 1024;

/** Bits of a qcow2 image without which it cannot be read (QEMU, docs/interop/qcow2.txt). */
const QCOW2_CORRUPT = 1n << 1n;
const QCOW2_DATA_FILE = 1n << 2n;
const QCOW2_UNKNOWN = ~0b1_1111n;

/**
 * By how they begin: what QEMU or libvirt take for something else than bytes of a disk whenever they look for themselves, and what
 * somebody forgot to unpack.
 */
const OTHERS: readonly { readonly name: string; readonly at?: number; readonly magic: string }[] = [
  { name: 'packed with gzip', magic: '\x1f\x8b' },
  { name: 'packed with xz', magic: '\xfd7zXZ\0' },
  { name: 'packed with zstd', magic: '\x28\xb5\x2f\xfd' },
  { name: 'packed with bzip2', magic: 'BZh' },
  { name: 'a zip archive', magic: 'PK\x03\x04' },
  { name: 'a QED image', magic: 'QED\0' },
  { name: 'a VHD image', magic: 'conectix' },
  { name: 'a VDI image', at: 64, magic: '\x7f\x10\xda\xbe' },
  { name: 'a Parallels image', magic: 'WithoutFreeSpace' },
  { name: 'a Parallels image', magic: 'WithouFreSpacExt' },
  { name: 'a Bochs image', magic: 'Bochs Virtual HD Image' },
  { name: 'a cloop image', magic: '#!/bin/sh\n#V2.0 Format' },
  { name: 'a COW image', magic: 'OOOM' },
  { name: 'a VMDK image of an old kind', magic: 'COWD' },
  { name: 'encrypted with LUKS', magic: 'LUKS\xba\xbe' },
  { name: 'the descriptor of a VMDK image in several files', magic: '# Disk DescriptorFile' },
  { name: 'a page of HTML', magic: '<!DOCTYPE' },
  { name: 'a page of HTML', magic: '<html' },
];

/**
 * Finds out what an image is, by its bytes, and refuses what nobody may open who does not trust it: one that leads to other files of
 * whoever opens it, or claims what no disk has.
 *
 * Bytes without any mark are a raw disk. Those of another format never are, whatever is asked for: who looks for himself later would take them
 * for that other format, and what it leads to.
 *
 * @param wanted the format that was asked for
 * @throws ComputeError REQUEST_INVALID
 */
export async function inspectDiskImage(file: string, wanted: ImageSource['format']): Promise<DiskImage> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const head = await readAt(handle, 0, HEAD_BYTES);
    const found = formatOf(head);
    // Some media start from a disk as well, when it is theirs from the first byte on.
    const format = found === 'iso' && wanted === 'raw' ? 'raw' : found;
    if (wanted !== undefined && wanted !== format) throw invalid(`is ${article(format)}, not of the format ${wanted}`);
    const virtualBytes = await virtualBytesOf(format, head, handle, size);
    if (virtualBytes !== undefined && (virtualBytes === 0 || virtualBytes > MOST_VIRTUAL_BYTES)) {
      throw invalid(`claims to be a disk of ${virtualBytes} bytes`);
    }
    return { format, virtualBytes };
  } finally {
    await handle.close();
  }
}

async function virtualBytesOf(
  format: DiskFormat,
  head: Buffer,
  handle: FileHandle,
  size: number,
): Promise<number | undefined> {
  switch (format) {
    case 'qcow2':
      return qcow2Bytes(head);
    case 'vmdk':
      return await vmdkBytes(head, handle);
    case 'vhdx':
      return undefined;
    case 'iso':
      return size;
    case 'raw':
      if (size % SECTOR === 0) return size;
      throw invalid(`has ${size} bytes, which no disk has: they are no multiple of ${SECTOR}`);
  }
}

/** By its marks. @throws ComputeError REQUEST_INVALID for what is no disk */
function formatOf(head: Buffer): DiskFormat {
  const has = (magic: string, at = 0): boolean => head.toString('latin1', at, at + magic.length) === magic;
  if (has('QFI\xfb')) return 'qcow2';
  if (has('KDMV')) return 'vmdk';
  if (has('vhdxfile')) return 'vhdx';
  const other = OTHERS.find(({ magic, at }) => has(magic, at));
  if (other !== undefined) throw invalid(`is ${other.name}; give a disk as qcow2, raw, vmdk or vhdx, or an ISO image`);
  if (has('ustar', TAR_MAGIC_AT)) throw invalid('is a tar archive, from which no disk can be made');
  return has('CD001', ISO_MAGIC_AT) ? 'iso' : 'raw';
}

function qcow2Bytes(head: Buffer): number {
  if (head.length < 104) throw invalid('is cut off in its qcow2 header');
  const version = head.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw invalid(`has the version ${version} of qcow2, which nobody knows`);
  if (head.readBigUInt64BE(8) !== 0n) {
    throw invalid('has a backing file: it is not whole by itself, and would be read together with a file of the host');
  }
  const clusterBits = head.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21)
    throw invalid(`has clusters of 2^${clusterBits} bytes, as no qcow2 image has`);
  if (head.readUInt32BE(32) !== 0) throw invalid('is encrypted, and there is no key to it');
  if (version === 3) {
    const features = head.readBigUInt64BE(72);
    if ((features & QCOW2_DATA_FILE) !== 0n) {
      throw invalid(
        'has its data in another file: it is not whole by itself, and would be read from a file of the host',
      );
    }
    if ((features & QCOW2_CORRUPT) !== 0n) throw invalid('is marked as corrupt');
    if ((features & QCOW2_UNKNOWN) !== 0n) throw invalid('uses features of qcow2 that nobody knows');
  }
  return safeNumber(head.readBigUInt64BE(24));
}

/** VMware, "Virtual Disk Format 5.0": a sparse extent with the descriptor in it. */
async function vmdkBytes(head: Buffer, handle: FileHandle): Promise<number> {
  if (head.length < SECTOR) throw invalid('is cut off in its VMDK header');
  const sectors = safeNumber(head.readBigUInt64LE(12));
  const descriptorAt = safeNumber(head.readBigUInt64LE(28)) * SECTOR;
  const descriptorBytes = safeNumber(head.readBigUInt64LE(36)) * SECTOR;
  if (sectors === 0 || descriptorAt === 0 || descriptorBytes === 0) throw invalid('has no VMDK descriptor in it');
  if (descriptorBytes > MOST_DESCRIPTOR || !Number.isSafeInteger(descriptorAt)) {
    throw invalid('has a VMDK descriptor beyond all measure');
  }
  const [descriptor = ''] = (await readAt(handle, descriptorAt, descriptorBytes)).toString('latin1').split('\0', 1);
  const kind = /^createType\s*=\s*"?([A-Za-z0-9]+)"?\s*$/m.exec(descriptor)?.[1];
  if (kind !== 'monolithicSparse' && kind !== 'streamOptimized') {
    throw invalid('is a VMDK image in several files: give one of the kind monolithicSparse or streamOptimized');
  }
  const parents = /^parentCID\s*=\s*(\S+)/m.exec(descriptor)?.[1] ?? 'ffffffff';
  if (/^parentFileNameHint/m.test(descriptor) || parents.toLowerCase() !== 'ffffffff') {
    throw invalid('has a parent: it is not whole by itself');
  }
  const extents = descriptor.split(/\r?\n/).filter((line) => /^\s*(RW|RDONLY|NOACCESS)\b/.test(line));
  if (extents.length !== 1 || !/^RW \d+ SPARSE "[^"/\\]+"\s*$/.test(extents[0] ?? '')) {
    throw invalid('is a VMDK image that leads to other files');
  }
  return sectors * SECTOR;
}

async function readAt(handle: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, position);
  return buffer.subarray(0, bytesRead);
}

/** What is beyond all numbers is beyond all sizes as well. */
function safeNumber(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}

function article(format: DiskFormat): string {
  return format === 'raw' ? 'of no format that could be told, so raw' : `of the format ${format}`;
}

function invalid(what: string): ComputeError {
  return new ComputeError('REQUEST_INVALID', `the image ${what}`);
}
