import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { areGuestsMade, guestsDirectory, guestsReason, makeGuests } from '../../scripts/guests/make.mjs';

/** One that guests start from; `image` is the word they tell then. */
export interface GuestImage {
  readonly image: string;
  readonly raw: string;
  readonly qcow2: string;
  /** The same system on a CD. */
  readonly iso: string;
}

/** Files of a system for guests. On x86, disks start by BIOS as well as by UEFI. */
export interface GuestSystems {
  readonly arch: 'x86_64' | 's390x';
  readonly kernel: string;
  readonly initrd: string;
  /** For a start from kernel and initrd. */
  readonly kernelParameters: string;
  readonly disk: GuestImage;
  readonly otherDisk: GuestImage;
  readonly rescue: GuestImage;
}

/**
 * Gives what guests start from; makes it where `npm test` has not, which takes half a minute.
 *
 * @throws {Error} when it is not there and ZENOVA_NO_INSTALL=1 forbids to download what it is made of
 */
export async function guestSystems(arch: GuestSystems['arch']): Promise<GuestSystems> {
  if (!areGuestsMade()) await provide();
  const at = (name: string): string => join(guestsDirectory, arch, name);
  const image = (name: string): GuestImage => ({
    image: name,
    raw: at(`${name}.raw`),
    qcow2: at(`${name}.qcow2`),
    iso: at(`${name}.iso`),
  });
  return {
    arch,
    kernel: at('kernel'),
    initrd: at('initrd'),
    kernelParameters: readFileSync(at('parameters'), 'utf8'),
    disk: image('first'),
    otherDisk: image('second'),
    rescue: image('rescue'),
  };
}

async function provide(): Promise<void> {
  if (process.env['ZENOVA_NO_INSTALL'] === '1') {
    throw new Error(
      'There are no systems for guests, and ZENOVA_NO_INSTALL=1 forbids to download what they are made of. By hand: ' +
        'ZENOVA_NO_INSTALL= node scripts/guests.mjs',
    );
  }
  process.stdout.write(`Systems for guests are made first: ${guestsReason}\n`);
  await makeGuests();
}
