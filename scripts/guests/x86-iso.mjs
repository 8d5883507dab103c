import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../environment/run.mjs';
import { syslinuxConfig } from './syslinux.mjs';

/**
 * Makes an ISO image for x86 that starts by BIOS, with isolinux.
 *
 * @param {string} iso the file
 * @param {import('./make.mjs').Content} content
 * @param {string} workshop an empty directory
 */
export async function makeX86Iso(iso, { kernel, initrd, kernelParameters, packages }, workshop) {
  const tree = join(workshop, 'content');
  mkdirSync(tree);
  cpSync(kernel, join(tree, 'kernel'));
  cpSync(initrd, join(tree, 'initrd'));
  cpSync(join(packages, 'usr/lib/ISOLINUX/isolinux.bin'), join(tree, 'isolinux.bin'));
  cpSync(join(packages, 'usr/lib/syslinux/modules/bios/ldlinux.c32'), join(tree, 'ldlinux.c32'));
  writeFileSync(join(tree, 'isolinux.cfg'), syslinuxConfig(kernelParameters));
  const boot = ['-b', 'isolinux.bin', '-c', 'boot.cat', '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table'];
  await run('xorriso', ['-no_rc', '-as', 'mkisofs', '-quiet', '-r', '-V', 'ZENOVA', ...boot, '-o', iso, tree]);
}
