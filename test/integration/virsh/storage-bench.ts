import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Libvirtd } from '../../../scripts/libvirtd.mjs';
import { systemClock, type Clock } from '../../../src/common/clock.js';
import { newOperationId, type OperationId, type TargetKey } from '../../../src/common/ids.js';
import type { CallContext, Checkpoint, Step, Target } from '../../../src/compute/contract/index.js';
import { VirshChange } from '../../../src/drivers/virsh/operations/domain-change.js';
import { placeAt } from '../../../src/drivers/virsh/operations/open-place.js';
import { ensurePool } from '../../../src/drivers/virsh/operations/storage/find-pool.js';
import { imageWorks, listImages } from '../../../src/drivers/virsh/operations/storage/image.operations.js';
import type { HostPlace } from '../../../src/drivers/virsh/operations/virsh-place.js';
import { accessOf, VirshSettingsSchema } from '../../../src/drivers/virsh/virsh.settings.js';
import { ImageFetcher } from '../../../src/images/index.js';
import { RecordingContext } from '../../support/operation-context.js';
import { LinkBench } from './link-bench.js';

/** An operation that can be tried again by another worker: with the same id, and what was written down. */
export class StorageContext extends RecordingContext {
  override readonly operationId: OperationId;
  /** Told how far it is. */
  onProgress: ((percent: number) => void) | undefined;

  /** Told of each step before it begins. */
  onStep: ((name: string) => Promise<void>) | undefined;

  constructor(
    earlier?: { readonly operationId: OperationId; readonly checkpoints: readonly Checkpoint[] },
    clock: Clock = systemClock,
  ) {
    super(clock, earlier?.checkpoints);
    this.operationId = earlier?.operationId ?? newOperationId();
  }

  override async beginStep(step: Step): Promise<void> {
    await this.onStep?.(step.name);
    await super.beginStep(step);
  }

  override progress(message: string, percent?: number): void {
    super.progress(message);
    if (percent !== undefined) this.onProgress?.(percent);
  }
}

/** A pool on a libvirtd, and a folder from which images come. */
export class StorageBench {
  readonly root = mkdtempSync(join(tmpdir(), 'zenova-storage-'));
  readonly poolPath = join(this.root, 'pool');
  readonly place: HostPlace;
  readonly images: ImageFetcher;
  readonly works: ReturnType<typeof imageWorks>;
  readonly #links = new LinkBench();
  static #pools = 0;

  constructor({ socketPath }: Libvirtd) {
    StorageBench.#pools += 1;
    const pool = { name: `zenova-${StorageBench.#pools}`, path: this.poolPath };
    const uri = `qemu+unix:///system?socket=${socketPath}`;
    const settings = VirshSettingsSchema.parse({ uri, pool });
    const { link } = this.#links.hold({ uri });
    const pacing = { requestTimeoutMs: 10_000, operationTimeoutMs: 120_000, poll: { initialMs: 20, maxMs: 200 } };
    this.place = { ...placeAt(accessOf(settings), () => link, pacing), settings };
    mkdirSync(join(this.root, 'files'));
    this.images = new ImageFetcher({
      folder: join(this.root, 'fetched'),
      fileFolders: [join(this.root, 'files')],
      maxBytes: 1024 ** 3,
      timeoutMs: 60_000,
      trust: { kind: 'system' },
    });
    this.works = imageWorks(this.place, this.images);
  }

  async stop(): Promise<void> {
    await this.#links.stop();
    rmSync(this.root, { recursive: true });
  }

  /** A file from which images can come. */
  file(name: string): string {
    return join(this.root, 'files', name);
  }

  address(name: string): string {
    return `file:${this.file(name)}`;
  }

  sha256(name: string): string {
    return createHash('sha256')
      .update(readFileSync(this.file(name)))
      .digest('hex');
  }

  /** A disk with something on it, as a file of this format. */
  disk(name: string, format: 'raw' | 'qcow2' | 'vmdk' | 'vhdx' = 'qcow2', mebibytes = 8): void {
    const raw = this.file(`${name}.bytes`);
    const bytes = Buffer.alloc(mebibytes * 1024 * 1024);
    randomBytes(Math.min(bytes.length, 1024 * 1024)).copy(bytes, 4096);
    writeFileSync(raw, bytes);
    this.qemuImg('convert', '-f', 'raw', '-O', format, raw, this.file(name));
  }

  qemuImg(...args: string[]): string {
    return execFileSync('qemu-img', args, { encoding: 'utf8', stdio: 'pipe' });
  }

  /** Have two disks the same on them? */
  compare(format: string, one: string, other: string): string {
    return this.qemuImg('compare', '-f', format, '-F', 'qcow2', one, other).trim();
  }

  /** What lies in the directory of the pool. */
  lying(): string[] {
    return readdirSync(this.poolPath).toSorted();
  }

  inPool(volume: string): string {
    return join(this.poolPath, volume);
  }

  modeOf(volume: string): string {
    return (statSync(this.inPool(volume)).mode & 0o777).toString(8);
  }

  target(name: string): Target {
    return { key: `virsh:test:${name}` as TargetKey, id: name, name };
  }

  change(name = 'web01', ctx = new StorageContext()): VirshChange {
    return new VirshChange(ctx, this.place, this.target(name));
  }

  pool(change: VirshChange) {
    return ensurePool(change, this.place.settings.pool);
  }

  async list(ctx: CallContext = new StorageContext()) {
    return await listImages(this.place)(ctx);
  }

  async import(name: string, source: string, more: object = {}, ctx = new StorageContext()) {
    return await this.works.importImage.run(ctx, this.target(name), { from: { source, ...more } });
  }

  async export(name: string, url: string, more: object = {}, ctx = new StorageContext()) {
    return await this.works.exportImage.run(ctx, this.target(name), { to: { url, ...more } });
  }

  async remove(name: string, ctx = new StorageContext()) {
    return await this.works.removeImage.run(ctx, this.target(name), {});
  }
}
