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

  constructor() {
    const content = join(this.folder, 'content');
    mkdirSync(content);
    writeFileSync(join(content, 'rescue.ins'), '* rescue\n');
    const file = join(this.folder, 'rescue.iso');
    const made = ['-no_rc', '-as', 'mkisofs', '-quiet', '-r', '-V', 'RESCUE', '-o', file, content];
    execFileSync('xorriso', made, { stdio: 'ignore' });
    this.sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    this.source = { source: `file:${file}`, checksum: `sha256:${this.sha256}` };
    this.images = new ImageFetcher({
      folder: join(this.folder, 'images'),
      fileFolders: [this.folder],
      maxBytes: 100_000_000,
      timeoutMs: 60_000,
      trust: { kind: 'system' },
    });
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
