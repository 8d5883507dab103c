import { createHash } from 'node:crypto';
import { ComputeError } from '../../common/errors/index.js';
import type { OperationId } from '../../common/ids.js';
import type { CallContext, OperationContext } from '../../compute/contract/index.js';
import type { InstancePowerState, ObservedState, Transition } from '../../compute/state/power-state.js';
import type { FakeMove } from './fake-move.js';
import type { FakeFault, FakeSettings } from './fake.settings.js';

export interface FakeInstance {
  readonly name: string;
  readonly id: string;
  state: InstancePowerState;
  transition: Transition | null;
  /** The operation whose request reached the device last. */
  changedBy: OperationId | null;
  /** Its last way to another host. */
  move: FakeMove | null;
}

/** The device side of one fake host: instances in memory, with delays and faults. */
export class FakeSite {
  readonly name: string;
  isInMaintenance = false;
  readonly #settings: FakeSettings;
  readonly #instances = new Map<string, FakeInstance>();
  readonly #byId = new Map<string, FakeInstance>();
  readonly #faultsLeft: { readonly fault: FakeFault; left: number }[];

  constructor(name: string, settings: FakeSettings) {
    this.name = name;
    this.#settings = settings;
    this.#faultsLeft = settings.faults.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }));
    const numbered = Array.from({ length: settings.instances }, (_, i) => `instance-${String(i + 1).padStart(4, '0')}`);
    for (const instance of [...settings.names, ...numbered]) {
      const id = idOf(`${name}/${instance}`);
      this.#add({ name: instance, id, state: settings.initial_state, transition: null, changedBy: null, move: null });
    }
  }

  /** Longest that a request to it may be under way. */
  get requestTimeoutMs(): number {
    return this.#settings.request_timeout_ms;
  }

  all(): FakeInstance[] {
    return [...this.#instances.values()];
  }

  /** @throws ComputeError INSTANCE_NOT_FOUND */
  find(reference: string): FakeInstance {
    const instance = this.tryFind(reference);
    if (instance !== undefined) return instance;
    throw new ComputeError('INSTANCE_NOT_FOUND', `the fake host ${this.name} has no instance ${reference}`);
  }

  tryFind(reference: string): FakeInstance | undefined {
    return this.#instances.get(reference) ?? this.#byId.get(reference);
  }

  /** From one moment to the next the instance is there, and no longer here. */
  handOver(instance: FakeInstance, to: FakeSite): void {
    this.#instances.delete(instance.name);
    this.#byId.delete(instance.id);
    to.#add(instance);
  }

  observe(instance: FakeInstance, now: number): ObservedState {
    const { state, transition } = instance;
    return {
      powerState: transition === null ? state : 'nostate',
      transition,
      nativeState: transition ?? state,
      observedAt: now,
    };
  }

  /** A read, as slow and as faulty as the settings say. */
  async read(ctx: CallContext, operation: string, instance = '*'): Promise<void> {
    this.fail(operation, instance, false);
    if (this.#settings.read_delay_ms > 0) await ctx.clock.sleep(this.#settings.read_delay_ms, ctx.signal);
  }

  /** A change, in quarters of its delay. What was begun goes on in the device, even when the caller gives up. */
  async change(
    ctx: OperationContext,
    operation: string,
    instance: FakeInstance,
    to: InstancePowerState,
    tell: (percent: number) => void,
  ): Promise<void> {
    this.fail(operation, instance.name, false);
    instance.changedBy = ctx.operationId;
    const { change_delay_ms: delayMs } = this.#settings;
    if (delayMs > 0) {
      instance.transition = to === 'running' ? 'starting' : 'stopping';
      const settled = this.#settleLater(ctx, instance, to, delayMs);
      for (const percent of [25, 50, 75]) {
        await ctx.clock.sleep(delayMs / 4, ctx.signal);
        tell(percent);
      }
      await settled;
      ctx.signal.throwIfAborted();
    } else {
      instance.state = to;
    }
    this.fail(operation, instance.name, true);
  }

  #add(instance: FakeInstance): void {
    this.#instances.set(instance.name, instance);
    this.#byId.set(instance.id, instance);
  }

  async #settleLater(ctx: CallContext, instance: FakeInstance, to: InstancePowerState, delayMs: number): Promise<void> {
    await ctx.clock.sleep(delayMs);
    instance.state = to;
    instance.transition = null;
  }

  /** @throws ComputeError when the settings say that this fails now */
  fail(operation: string, instance: string, afterEffect: boolean): void {
    const entry = this.#faultsLeft.find(
      ({ fault, left }) =>
        left > 0 &&
        fault.after_effect === afterEffect &&
        (fault.operation === '*' || fault.operation === operation) &&
        (fault.instance === '*' || fault.instance === instance),
    );
    if (entry === undefined) return;
    entry.left -= 1;
    throw new ComputeError(entry.fault.error, `the fake host was told to fail ${operation} of ${instance}`);
  }
}

/** A stable id in the form of a UUID. */
function idOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
