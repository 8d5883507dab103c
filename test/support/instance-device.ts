import { z } from 'zod';
import { ComputeError } from '../../src/common/errors/index.js';
import { targetKey, type OperationId } from '../../src/common/ids.js';
import {
  createdOf,
  noteCreated,
  type AnyOperations,
  type AnyVirtDriver,
  type AskedChange,
  type CallContext,
  type ComputeDeclaration,
  type OperationContext,
  type Reconciliation,
  type Target,
  type VirtHost,
} from '../../src/compute/contract/index.js';
import type { ObservedState } from '../../src/compute/state/power-state.js';
import { VIRT_FEATURE_IDS, complete, missing, type VirtFeatureId } from '../../src/features/index.js';
import { eventually } from './eventually.js';
import { gate } from './scripted-driver.js';

interface Instance {
  readonly id: string;
  readonly name: string;
  /** The operation that made it; null for what was always there. */
  readonly madeBy: OperationId | null;
  isRunning: boolean;
}

const REQUEST_TIMEOUT_MS = 50;

/**
 * A backend on which instances are made and ended, and the driver `device` for it. It outlives the services that use it, and
 * remembers every request that changed something, and what its driver was given.
 */
export class InstanceDevice {
  /** `create web01`, in order of their effect. */
  readonly requests: string[] = [];
  /** What the driver was asked to look at beside its operations: `plan` and `reconcile`. */
  readonly asked: {
    readonly by: 'plan' | 'reconcile' | 'run';
    readonly change: AskedChange;
    readonly target: Target;
  }[] = [];
  /** Reads, and consoles that were opened. */
  readonly reads: string[] = [];
  /** A request is under way to the device; it may wait, or throw. */
  before: (request: string) => Promise<void> = () => Promise.resolve();
  /** Its answer is under way back. */
  after: (request: string) => Promise<void> = () => Promise.resolve();
  /** It is asked what came of an operation; it may wait, or throw. */
  duringReconcile: () => Promise<void> = () => Promise.resolve();
  /** An instance is looked for; it may wait, or throw. */
  duringResolve: (reference: string) => Promise<void> = () => Promise.resolve();
  duringRead: (read: string) => Promise<void> = () => Promise.resolve();
  readonly #instances = new Map<string, Instance>();
  #ids = 0;

  readonly driver: AnyVirtDriver;

  constructor({ lacks = [] }: { lacks?: readonly VirtFeatureId[] } = {}) {
    const claim = (id: VirtFeatureId) => (lacks.includes(id) ? missing('not in this test') : complete);
    this.driver = {
      name: 'device',
      title: 'A device of the tests',
      features: Object.fromEntries(VIRT_FEATURE_IDS.map((id) => [id, claim(id)])) as ComputeDeclaration,
      settings: z.strictObject({}),
      managesByDefault: 'everything',
      open: (name) => this.#open(name),
    };
  }

  /** An instance that was always there. */
  add(name: string, id = `id-${(this.#ids += 1)}`): string {
    this.#instances.set(id, { id, name, madeBy: null, isRunning: true });
    return id;
  }

  /** It goes without a request of ours. */
  lose(name: string): void {
    for (const { id, name: known } of this.#instances.values()) if (known === name) this.#instances.delete(id);
  }

  /** Holds a request up, before or after its effect; the process that sent it may end meanwhile. */
  holdUp(
    request: string,
    when: 'before' | 'after',
  ): { readonly reached: () => Promise<void>; readonly open: () => void } {
    const { passed, open } = gate();
    let isThere = false;
    this[when] = async (asked) => {
      if (asked !== request) return;
      isThere = true;
      await passed;
    };
    return { reached: async () => void (await eventually(() => isThere, `${request} to be under way`)), open };
  }

  /** Lets a request fail before it takes effect, and something else happen then. */
  fail(request: string, error: ComputeError, meanwhile: () => void = () => undefined): void {
    this.before = (asked) => {
      if (asked !== request) return Promise.resolve();
      meanwhile();
      return Promise.reject(error);
    };
  }

  get names(): string[] {
    return [...this.#instances.values()].map(({ name }) => name).toSorted();
  }

  #open(host: string): VirtHost {
    const find = (reference: string): Instance => {
      const found = this.#instances.get(reference) ?? this.#named(reference);
      if (found !== undefined) return found;
      throw new ComputeError('INSTANCE_NOT_FOUND', `${host} has no instance ${reference}`);
    };
    const operations: AnyOperations = {
      powerOn: (ctx, { id }) => this.#switch(ctx, find(id), true),
      powerOff: (ctx, { id }) => this.#switch(ctx, find(id), false),
      queryPower: (ctx, reference) => Promise.resolve(stateOf(find(reference), ctx)),
      listInstances: (ctx) =>
        Promise.resolve(
          [...this.#instances.values()].map((one) => ({ id: one.id, name: one.name, state: stateOf(one, ctx) })),
        ),
      testHost: () => Promise.resolve([]),
      spawn: async (ctx, target, params) => {
        this.asked.push({ by: 'run', change: { operation: 'spawn', params }, target });
        const noted = createdOf(ctx.checkpoints);
        const made = (noted && this.#instances.get(noted.id)) ?? (await this.#create(ctx, target.name));
        if (params.start !== false) await this.#switch(ctx, made, true);
        return { outcome: 'done', state: stateOf(made, ctx) };
      },
      destroy: async (ctx, target, params) => {
        this.asked.push({ by: 'run', change: { operation: 'destroy', params }, target });
        if (!this.#instances.has(target.id)) return { outcome: 'already', state: null };
        await this.#request(ctx, `remove ${target.name}`, () => this.#instances.delete(target.id));
        return { outcome: 'done', state: null };
      },
      adopt: (ctx, { id }) => Promise.resolve({ outcome: 'already', state: stateOf(find(id), ctx) }),
      resize: async (ctx, target, params) => {
        this.asked.push({ by: 'run', change: { operation: 'resize', params }, target });
        await this.#request(ctx, `resize ${target.name} to ${params.flavor.vcpus}`, () => undefined);
        return { outcome: 'done', state: stateOf(find(target.id), ctx) };
      },
      rebuild: async (ctx, target) => {
        await this.#request(ctx, `rebuild ${target.name}`, () => undefined);
        return { outcome: 'done', state: stateOf(find(target.id), ctx) };
      },
      attachVolume: async (ctx, target, { volume }) => {
        await this.#request(ctx, `attach ${volume.id}`, () => undefined);
        return { outcome: 'done', state: stateOf(find(target.id), ctx), answer: { device: 'vdb' } };
      },
      importImage: async (ctx, { name }) => {
        await this.#request(ctx, `import ${name}`, () => undefined);
        const image = { name, id: null, format: 'raw', size_bytes: 1, checksum: null, native: {} };
        return { outcome: 'done', state: null, answer: { image } };
      },
      listImages: () => Promise.resolve([]),
      getConsoleLog: async (_ctx, reference, { tail_lines: lines }) => {
        await this.#read(`log of ${reference}, ${lines ?? 'all'}`);
        return { log: `the last ${lines ?? 'all'}`, isCut: lines !== undefined };
      },
      getConsole: async (_ctx, { name }, { type }) => {
        const number = await this.#read(`${type} console of ${name}`);
        const url = `wss://box/${number}`;
        return { type, url, host: null, port: null, tlsPort: null, password: null, expiresAt: 1_000 };
      },
      preflight: () =>
        Promise.resolve([
          { requirement: 'memory', subject: host, status: 'met', evidence: 'enough', remedy: null },
          { requirement: 'disk', subject: host, status: 'unknown', evidence: 'no answer', remedy: 'look at it' },
        ]),
      setEnabled: {
        resolveHost: () => Promise.resolve({ key: targetKey('device', host, 'host'), id: 'host', name: host }),
        set: () => Promise.resolve(false),
      },
    };
    return {
      operations,
      resolve: async (_ctx, reference) => {
        await this.duringResolve(reference);
        return targetOf(find(reference));
      },
      provisionalKey: (reference) => targetKey('device', 'box', `name:${reference}`),
      plan: async (_ctx, change, target) => {
        this.asked.push({ by: 'plan', change, target });
        if (change.operation === 'spawn') this.#refuseTaken(target.name);
        return [{ action: change.operation, description: `${change.operation} ${target.name}` }];
      },
      reconcile: async (ctx, change, target) => {
        this.asked.push({ by: 'reconcile', change, target });
        await this.duringReconcile();
        return this.#reconcile(ctx, change, target);
      },
      rearm: () => Promise.resolve(false),
      close: () => Promise.resolve(),
    };
  }

  #named(name: string): Instance | undefined {
    return [...this.#instances.values()].find((one) => one.name === name);
  }

  #refuseTaken(name: string): void {
    if (this.#named(name) !== undefined) throw new ComputeError('ALREADY_EXISTS', `there is an instance ${name}`);
  }

  async #create(ctx: OperationContext, name: string): Promise<Instance> {
    this.#refuseTaken(name);
    const made: Instance = { id: `id-${(this.#ids += 1)}`, name, madeBy: ctx.operationId, isRunning: false };
    await this.#request(ctx, `create ${name}`, () => this.#instances.set(made.id, made));
    await noteCreated(ctx, targetOf(made));
    return made;
  }

  async #switch(ctx: OperationContext, instance: Instance, isOn: boolean) {
    if (instance.isRunning === isOn) return { outcome: 'already' as const, state: stateOf(instance, ctx) };
    await this.#request(ctx, `${isOn ? 'start' : 'stop'} ${instance.name}`, () => void (instance.isRunning = isOn));
    return { outcome: 'done' as const, state: stateOf(instance, ctx) };
  }

  async #request(ctx: OperationContext, request: string, takeEffect: () => unknown): Promise<void> {
    const [name = ''] = request.split(' ');
    await ctx.beginStep({ name, description: request, requestTimeoutMs: REQUEST_TIMEOUT_MS });
    await this.before(request);
    takeEffect();
    this.requests.push(request);
    await this.after(request);
    ctx.signal.throwIfAborted();
  }

  /** @returns how many reads there were */
  async #read(read: string): Promise<number> {
    const count = this.reads.push(read);
    await this.duringRead(read);
    return count;
  }

  async #reconcile(ctx: OperationContext, { operation, params }: AskedChange, target: Target): Promise<Reconciliation> {
    if (operation === 'destroy') {
      if (this.#instances.has(target.id)) return { verdict: 'continue' };
      return { verdict: 'concluded', result: { outcome: 'done', state: null } };
    }
    if (operation !== 'spawn') return { verdict: 'continue' };
    const made = [...this.#instances.values()].find(({ madeBy }) => madeBy === ctx.operationId);
    if (made === undefined) return { verdict: 'continue' };
    if (createdOf(ctx.checkpoints) === undefined) await noteCreated(ctx, targetOf(made));
    if (params.start !== false && !made.isRunning) return { verdict: 'continue' };
    return { verdict: 'concluded', result: { outcome: 'done', state: stateOf(made, ctx) } };
  }
}

function targetOf({ id, name }: Instance): Target {
  return { key: targetKey('device', 'box', id), id, name };
}

function stateOf({ isRunning }: Instance, { clock }: CallContext): ObservedState {
  const powerState = isRunning ? 'running' : 'shutdown';
  return { powerState, transition: null, nativeState: powerState, observedAt: clock.now() };
}
