import { ComputeError } from '../../src/common/errors/index.js';
import type {
  AnyVirtDriver,
  ChangeOperation,
  CallContext,
  OperationContext,
  Reconciliation,
  VirtHost,
} from '../../src/compute/contract/index.js';
import { fakeDriver } from '../../src/drivers/fake/index.js';

type DeviceChange = 'powerOn' | 'powerOff' | 'reboot';

/** A change as the device has seen it. */
export interface DeviceWrite {
  readonly instance: string;
  readonly change: DeviceChange;
  readonly operationId: string;
  readonly fence: number;
  /** Order of events on the device. */
  readonly began: number;
  ended: number | undefined;
}

/**
 * One device that the hosts of several workers stand for, and that remembers all that was written to it. Its instances are
 * those of the fake driver, which every worker has alike.
 */
export class SharedDevice {
  readonly writes: DeviceWrite[] = [];
  readonly #on = new Set<string>();
  #clock = 0;
  /** Asked before a worker looks at its lease for a write. */
  beforeStep: (ctx: OperationContext) => Promise<void> = () => Promise.resolve();
  /** What a write takes. */
  duringWrite: (write: DeviceWrite) => Promise<void> = () => Promise.resolve();
  /** Asked before an instance is found. */
  beforeResolve: (ctx: CallContext) => Promise<void> = () => Promise.resolve();
  requestTimeoutMs = 100;

  readonly driver: AnyVirtDriver = {
    ...fakeDriver,
    open: (name, settings, ports): VirtHost => {
      const host = fakeDriver.open(name, settings, ports);
      return {
        ...host,
        operations: {
          ...host.operations,
          powerOn: this.#change(host, 'powerOn'),
          powerOff: this.#change(host, 'powerOff'),
          reboot: this.#change(host, 'reboot'),
        },
        resolve: async (ctx, reference) => {
          await this.beforeResolve(ctx);
          return host.resolve(ctx, reference);
        },
        reconcile: (ctx, _operation, target) => this.#reconcile(host, ctx, target.id),
      };
    },
  };

  /** Writes of an operation, or all. */
  count(operationId?: unknown): number {
    return this.writes.filter((write) => operationId === undefined || write.operationId === operationId).length;
  }

  #change(host: VirtHost, change: DeviceChange): ChangeOperation {
    return async (ctx, { id }) => {
      const isThere = change !== 'reboot' && this.#on.has(id) === (change === 'powerOn');
      if (isThere) return { outcome: 'already', state: await this.#state(host, ctx, id) };
      await this.beforeStep(ctx);
      await ctx.beginStep({ name: change, description: change, requestTimeoutMs: this.requestTimeoutMs });
      await this.#write(ctx, id, change);
      return { outcome: 'done', state: await this.#state(host, ctx, id) };
    };
  }

  async #write({ operationId, fence }: OperationContext, instance: string, change: DeviceChange): Promise<void> {
    const write: DeviceWrite = { instance, change, operationId, fence, began: ++this.#clock, ended: undefined };
    this.writes.push(write);
    await this.duringWrite(write);
    if (change === 'powerOff') this.#on.delete(instance);
    else this.#on.add(instance);
    write.ended = ++this.#clock;
  }

  async #reconcile(host: VirtHost, ctx: OperationContext, id: string): Promise<Reconciliation> {
    const mine = this.writes.filter(({ operationId }) => operationId === ctx.operationId);
    if (mine.some(({ ended }) => ended === undefined)) throw new ComputeError('BACKEND_BUSY', 'it is being written to');
    if (mine.length === 0) return { verdict: 'continue' };
    return { verdict: 'concluded', result: { outcome: 'done', state: await this.#state(host, ctx, id) } };
  }

  async #state(host: VirtHost, ctx: CallContext, id: string) {
    const state = await host.operations.queryPower(ctx, id);
    return { ...state, powerState: this.#on.has(id) ? ('running' as const) : ('shutdown' as const) };
  }
}
