import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageFetcher } from '../../src/images/index.js';

/** A small ISO image for IBM Z in a file, and what fetches images from its directory. */
export class RescueImage {
  readonly folder = mkdtempSync(join(tmpdir(), 'zenova-rescue-'));
  readonly sha256: string;
  readonly images: ImageFetcher;
  /** As a request or a host names it. */
  readonly source: { readonly source: string; readonly checksum: string };
  /** The address of a tar archive with kernel, initrd and parmfile. */
  readonly kernel: { readonly source: string };

  constructor() {
    const file = this.another('rescue');
    this.sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    this.source = { source: `file:${file}`, checksum: `sha256:${this.sha256}` };
    const archive = join(this.folder, 'kernel.tar');
    const members = { kernel: 'the kernel', initrd: 'the initrd', parmfile: 'quiet' };
    for (const [name, text] of Object.entries(members)) writeFileSync(join(this.folder, name), text);
    execFileSync('tar', ['-C', this.folder, '-cf', archive, ...Object.keys(members)]);
    this.kernel = { source: `file:${archive}` };
    this.images = new ImageFetcher({
      folder: join(this.folder, 'images'),
      fileFolders: [this.folder],
      maxBytes: 100_000_000,
      timeoutMs: 60_000,
      trust: { kind: 'system' },
    });
  }

  /** Makes another image with a file `<name>.ins`. @returns its path */
  another(name: string): string {
    const file = join(this.folder, `${name}.iso`);
    writeFileSync(file, madeBefore.get(name) ?? made(name));
    return file;
  }

  /** What is left of images that were fetched. */
  get left(): string[] {
    const folder = join(this.folder, 'images');
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** By name. A program that makes one takes a while. */
const madeBefore = new Map<string, Buffer>();

function made(name: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'zenova-rescue-iso-'));
  try {
    const [content, file] = [join(folder, 'content'), join(folder, 'iso')];
    mkdirSync(content);
    writeFileSync(join(content, `${name}.ins`), `* ${name}\n`);
    const how = ['-no_rc', '-as', 'mkisofs', '-quiet', '-r', '-V', name.toUpperCase(), '-o', file, content];
    execFileSync('xorriso', how, { stdio: 'ignore' });
    const image = readFileSync(file);
    madeBefore.set(name, image);
    return image;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
