import { ComputeError } from '../../common/errors/index.js';
import type { CallContext, OperationContext } from '../../compute/contract/index.js';
import type { InstancePowerState, ObservedState, Transition } from '../../compute/state/power-state.js';
import { hashOf } from './fake-hash.js';
import { fakeImage, type FakeImage } from './fake-image.js';
import { FakeInstance, type FakeSubject } from './fake-instance.js';
import type { FakeStorage } from './fake-storage.js';
import type { FakeFault, FakeSettings } from './fake.settings.js';

/** A request that changes something at a fake host. */
export interface FakeRequest {
  /** The driver operation, for faults. */
  readonly operation: string;
  /** What it concerns, for faults and for people. */
  readonly name: string;
  readonly subject: FakeSubject;
  readonly doing: string;
  /** What happens as soon as it has come; it may still be refused. */
  readonly begin?: () => void;
  /** What happens once its time has passed. */
  readonly apply: () => void;
}

/** The device side of one fake host: instances and images in memory, with delays and faults. */
export class FakeSite {
  isInMaintenance = false;
  /** Does it take new instances? */
  isEnabled = true;
  readonly images = new Map<string, FakeImage>();
  readonly #instances = new Map<string, FakeInstance>();
  readonly #byId = new Map<string, FakeInstance>();
  readonly #faultsLeft: { readonly fault: FakeFault; left: number }[];
  readonly #requests = new Map<string, number>();

  constructor(
    readonly name: string,
    readonly settings: FakeSettings,
    readonly storage: FakeStorage,
    readonly openedAt: number,
  ) {
    this.#faultsLeft = settings.faults.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }));
    for (const image of settings.images) this.images.set(image, fakeImage(image, 'qcow2'));
    const numbered = Array.from({ length: settings.instances }, (_, i) => `instance-${String(i + 1).padStart(4, '0')}`);
    for (const instance of [...settings.names, ...numbered]) {
      this.add(new FakeInstance(instance, idOf(`${name}/${instance}`), settings.initial_state));
    }
  }

  /** How many requests have reached it: reads and changes, those that failed too. */
  get requests(): number {
    return [...this.#requests.values()].reduce((sum, count) => sum + count, 0);
  }

  /** How many of one kind have reached it, by the name that faults know it by. */
  requestsOf(operation: string): number {
    return this.#requests.get(operation) ?? 0;
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

  add(instance: FakeInstance): void {
    this.#instances.set(instance.name, instance);
    this.#byId.set(instance.id, instance);
  }

  /** The instance is gone, and what it had is free. */
  remove(instance: FakeInstance): void {
    this.#forget(instance);
    for (const { id } of instance.hardware.volumes) this.storage.release(id, instance.id);
  }

  /** From one moment to the next the instance is there, and no longer here. False when its name is taken there. */
  handOver(instance: FakeInstance, to: FakeSite): boolean {
    if (to.tryFind(instance.name) !== undefined) return false;
    this.#forget(instance);
    to.add(instance);
    return true;
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
  async read(ctx: CallContext, operation: string, name = '*'): Promise<void> {
    this.receive(operation, name);
    if (this.settings.read_delay_ms > 0) await ctx.clock.sleep(this.settings.read_delay_ms, ctx.signal);
  }

  /** A step of an operation, in quarters of its delay. What was begun goes on in the device, even when the caller gives up. */
  async change(ctx: OperationContext, request: FakeRequest): Promise<void> {
    const { operation, name, subject, doing, begin, apply } = request;
    await this.beginStep(ctx, request);
    begin?.();
    subject.changedBy = ctx.operationId;
    const { change_delay_ms: delayMs } = this.settings;
    if (delayMs > 0) {
      subject.isChanging = true;
      const settled = settle(ctx, subject, apply, delayMs);
      for (const percent of [25, 50, 75]) {
        await ctx.clock.sleep(delayMs / 4, ctx.signal);
        ctx.progress(doing, percent);
      }
      await settled;
      ctx.signal.throwIfAborted();
    } else {
      apply();
    }
    this.answer(operation, name);
  }

  /**
   * A step begins, and its request comes.
   *
   * @param step its name in the journal
   * @throws ComputeError as {@link receive}
   */
  async beginStep(
    ctx: OperationContext,
    { operation, name, doing }: Pick<FakeRequest, 'operation' | 'name' | 'doing'>,
    step = operation,
  ): Promise<void> {
    await ctx.beginStep({ name: step, description: doing, requestTimeoutMs: this.settings.request_timeout_ms });
    this.receive(operation, name);
  }

  /** A request has come. @throws ComputeError when the settings say that it fails before it has an effect */
  receive(operation: string, name: string): void {
    this.#requests.set(operation, this.requestsOf(operation) + 1);
    this.#fail(operation, name, false);
  }

  /** The answer to a request leaves. @throws ComputeError when the settings say that it is lost */
  answer(operation: string, name: string): void {
    this.#fail(operation, name, true);
  }

  #forget({ name, id }: FakeInstance): void {
    this.#instances.delete(name);
    this.#byId.delete(id);
  }

  #fail(operation: string, instance: string, afterEffect: boolean): void {
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

/** The state that a change of power shows while it is under way. */
export function transitionTo(state: InstancePowerState): Transition {
  return state === 'running' ? 'starting' : 'stopping';
}

async function settle(ctx: CallContext, subject: FakeSubject, apply: () => void, delayMs: number): Promise<void> {
  await ctx.clock.sleep(delayMs);
  apply();
  subject.isChanging = false;
}

/** A stable id in the form of a UUID. */
function idOf(name: string): string {
  const hex = hashOf(name);
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
