import type {
  ChangeResult,
  OperationContext,
  OperationParams,
  Reconciliation,
  StatelessResult,
  Target,
} from '../../../src/compute/contract/index.js';
import { ComputeError } from '../../../src/common/errors/index.js';
import { Died } from '../../support/dying.js';
import type { RecordingContext } from '../../support/operation-context.js';
import { HmcDpmBench, inventory, run, type BenchOptions } from './hmc-dpm-bench.js';

export type Description = OperationParams<'compute.spawn'>;

/** An adapter that every CPC of the simulator has. */
export const NETWORK = 'OSD 0100 Z22B-01';

/** Its group `disks` has a boot and a data volume; `shared` may be attached to several partitions; `slow` is never fulfilled. */
export const STORAGE = [
  {
    name: 'disks',
    volumes: [
      { name: 'boot', usage: 'boot' as const, size_gib: 20 },
      { name: 'data', size_gib: 50 },
    ],
  },
  { name: 'shared', shared: true, volumes: [{ name: 'boot', usage: 'boot' as const, size_gib: 20 }] },
  {
    name: 'slow',
    volumes: [{ name: 'boot', usage: 'boot' as const, size_gib: 20, fulfilment: 'incomplete' as const }],
  },
].map((group) => ({ ...group, cpc: 'CPC1' }));

export const volume = (id: string, more: object = {}) => ({
  id,
  connection: { type: 'fibre_channel' as const },
  ...more,
});

export function description(name: string, more: Partial<Description> = {}): Description {
  return { name, flavor: { vcpus: 2, memory_mib: 4096, root_gib: 20 }, networks: [{ name: NETWORK }], ...more };
}

/** A bench on which partitions are made and removed, as the dispatcher does it. */
export class LaunchBench {
  private constructor(readonly hmc: HmcDpmBench) {}

  static async start(options: BenchOptions = {}): Promise<LaunchBench> {
    const timing = { ...inventory.timing, fulfilment_ms: 30 };
    return new LaunchBench(
      await HmcDpmBench.start({ ...options, inventory: { timing, storage_groups: STORAGE, ...options.inventory } }),
    );
  }

  get simulator() {
    return this.hmc.simulator;
  }

  /** What a launch acts on: a name. */
  targetOf(name: string): Target {
    return { key: this.hmc.host.provisionalKey(name), id: name, name };
  }

  async spawn(wanted: Description, ctx: OperationContext = this.hmc.context()): Promise<ChangeResult> {
    return await run(this.hmc.host, 'spawn', ctx, this.targetOf(wanted.name), wanted);
  }

  /** As one that was made here, unless it is said to be adopted. */
  async destroy(
    target: Target,
    ctx: OperationContext = this.hmc.context(),
    origin: Target['origin'] = 'spawned',
  ): Promise<StatelessResult> {
    return await run(this.hmc.host, 'destroy', ctx, { ...target, origin });
  }

  async find(name: string): Promise<Target> {
    return await this.hmc.host.resolve(this.hmc.context(), name);
  }

  /** Requests that change something, but logons and the end of jobs. */
  writes(since: number): string[] {
    return this.hmc
      .requests(since)
      .filter((line) => !line.startsWith('GET ') && !line.includes('/api/sessions') && !line.includes('/api/jobs/'))
      .filter((line) => !line.includes('/api/services/aggregation'));
  }

  /**
   * Sees an operation through as the dispatcher does, over errors, deaths and take-overs: what is unclear is looked after,
   * and goes on where that leaves it.
   *
   * @returns how it ended: the last error that said that nothing came of it, or undefined
   */
  async seeThrough(asked: Asked, first: RecordingContext): Promise<ComputeError | undefined> {
    let ctx = first;
    for (let attempt = 0; attempt < 8; attempt += 1) {
      try {
        await (asked.operation === 'spawn' ? this.spawn(asked.params, ctx) : this.destroy(asked.target, ctx));
        return undefined;
      } catch (error) {
        if (error instanceof ComputeError && error.outcome === 'not-applied') return error;
        if (!(error instanceof Died) && !(error instanceof ComputeError)) throw error;
      }
      ctx = this.hmc.again(ctx);
      const found = await this.#reconcile(asked, ctx);
      if (found.verdict === 'concluded') return undefined;
      if (found.verdict === 'failed') return found.error;
      if (found.verdict !== 'continue') throw new Error(`it ended as ${JSON.stringify(found)}`);
      ctx = this.hmc.again(ctx);
    }
    throw new Error('it never ended');
  }

  async #reconcile(asked: Asked, ctx: RecordingContext): Promise<Reconciliation> {
    if (asked.operation === 'spawn') return await this.hmc.host.reconcile(ctx, asked, this.targetOf(asked.params.name));
    const target = { ...asked.target, origin: 'spawned' as const };
    return await this.hmc.host.reconcile(ctx, { operation: 'destroy', params: {} }, target);
  }

  /** What is at the HMC and was not at the start, and nobody's. */
  orphans(): string[] {
    return Object.entries(this.simulator.leftovers()).flatMap(([kind, all]) => all.map((one) => `${kind}: ${one}`));
  }

  async stop(): Promise<void> {
    await this.hmc.stop();
  }
}

/** What is asked of a launch bench. */
export type Asked =
  | { readonly operation: 'spawn'; readonly params: Description }
  | { readonly operation: 'destroy'; readonly target: Target };
