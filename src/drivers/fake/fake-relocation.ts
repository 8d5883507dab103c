import { ComputeError } from '../../common/errors/index.js';
import { targetKey } from '../../common/ids.js';
import type {
  ChangeResult,
  ControlOperation,
  OperationContext,
  Reconciliation,
  Relocation,
} from '../../compute/contract/index.js';
import type { InstancePowerState } from '../../compute/state/power-state.js';
import type { FakeEstate } from './fake-estate.js';
import { FakeMove } from './fake-move.js';
import type { FakeInstance } from './fake-instance.js';
import type { FakeSite } from './fake-site.js';
import { requireState } from './fake-work.js';

export interface FakeRelocationOptions {
  /** The driver operation, for faults: liveMigrate. */
  readonly operation: string;
  /** States it starts from; undefined for any. */
  readonly from?: readonly InstancePowerState[];
  readonly doing: string;
  readonly delayMs: number;
  readonly isBusy: (instance: FakeInstance) => boolean;
}

/** Moves instances between the hosts of an estate. */
export function fakeRelocation(
  site: FakeSite,
  estate: FakeEstate,
  options: FakeRelocationOptions,
): Relocation & Required<Pick<Relocation, 'abort'>> {
  const { operation, from, doing } = options;
  const siteOf = (destination: string): FakeSite => {
    const found = estate.find(destination);
    if (found !== undefined) return found;
    throw new ComputeError('RESOURCE_NOT_FOUND', `there is no fake host ${destination}`);
  };
  const placeOf = (reference: string, destination: string): { instance: FakeInstance; isThere: boolean } => {
    const here = site.tryFind(reference);
    if (here !== undefined) return { instance: here, isThere: false };
    const there = siteOf(destination).tryFind(reference);
    return { instance: there ?? site.find(reference), isThere: true };
  };
  const observed = (ctx: OperationContext, instance: FakeInstance, outcome: ChangeResult['outcome']): ChangeResult => ({
    outcome,
    state: site.observe(instance, ctx.clock.now()),
  });
  const describe = (instance: FakeInstance, destination: string): string =>
    `${doing} ${instance.name} to ${destination}`;

  const check = (instance: FakeInstance, destination: string): void => {
    if (from !== undefined) requireState(instance, from);
    if (siteOf(destination).tryFind(instance.name) !== undefined) {
      throw new ComputeError('ALREADY_EXISTS', `${destination} has another instance ${instance.name}`);
    }
  };
  const begin = async (ctx: OperationContext, instance: FakeInstance, destination: string): Promise<FakeMove> => {
    check(instance, destination);
    await site.beginStep(ctx, { operation, name: instance.name, doing: describe(instance, destination) });
    const move = new FakeMove({
      operationId: ctx.operationId,
      delayMs: options.delayMs,
      memoryMib: instance.hardware.flavor.memory_mib,
      isBusy: options.isBusy(instance),
      arrive: () => site.handOver(instance, siteOf(destination)),
    });
    instance.move = move;
    move.start(ctx.clock);
    await ctx.checkpoint('move', { from: site.name, to: destination });
    return move;
  };
  const concluded = (ctx: OperationContext, instance: FakeInstance): Reconciliation => ({
    verdict: 'concluded',
    result: observed(ctx, instance, 'done'),
  });

  return {
    async resolve(ctx, reference, destination) {
      await site.read(ctx, 'resolve', reference);
      const { id, name } = placeOf(reference, destination).instance;
      return { key: targetKey('fake', site.name, id), id, name, also: [targetKey('fake', destination, id)] };
    },
    plan: (_ctx, { id }, destination) => {
      const { instance, isThere } = placeOf(id, destination);
      if (isThere) return Promise.resolve([]);
      check(instance, destination);
      return Promise.resolve([{ action: operation, description: describe(instance, destination) }]);
    },
    async run(ctx, { id }, destination) {
      const { instance, isThere } = placeOf(id, destination);
      const own = instance.move?.operationId === ctx.operationId ? instance.move : undefined;
      if (isThere) return observed(ctx, instance, own === undefined ? 'already' : 'done');
      const move = own ?? (await begin(ctx, instance, destination));
      while (move.state === 'moving') {
        ctx.progress(`${describe(instance, destination)}, ${move.remainingMib} MiB left`, move.percent);
        await move.news(ctx.signal);
        ctx.signal.throwIfAborted();
      }
      if (move.state === 'aborted') {
        throw new ComputeError(
          'OPERATION_FAILED',
          `${doing} ${instance.name} was ended at the host; it is where it was`,
        );
      }
      site.answer(operation, instance.name);
      return observed(ctx, instance, 'done');
    },
    async reconcile(ctx, { id }, destination) {
      const { instance, isThere } = placeOf(id, destination);
      return isThere ? concluded(ctx, instance) : { verdict: 'continue' };
    },
    async abort(ctx, { id }, destination) {
      const { instance } = placeOf(id, destination);
      const { move } = instance;
      if (move?.operationId === ctx.operationId && move.state === 'moving') {
        const doing = `ending the move of ${instance.name}`;
        await site.beginStep(ctx, { operation: 'abort', name: instance.name, doing });
        move.abort();
      }
      // It may have arrived before the request did.
      if (site.tryFind(id) === undefined) return concluded(ctx, instance);
      return {
        verdict: 'stopped',
        text: `${describe(instance, destination)} was ended; it is at ${site.name}, as before`,
        effect: 'not-applied',
      };
    },
  };
}

/** Lets the move of an instance come to its end although its guest changes its memory as fast as it is copied. */
export function fakeForceComplete(site: FakeSite): ControlOperation {
  return async (ctx, { id }) => {
    const instance = site.tryFind(id);
    const move = instance?.move;
    if (instance === undefined) return 'taken';
    if (move?.operationId !== ctx.operationId) return 'too-early';
    const doing = `letting the move of ${instance.name} come to its end`;
    const request = { operation: 'liveMigrationForceComplete', name: instance.name, doing };
    await site.beginStep(ctx, request, 'force_complete');
    move.force();
    return 'taken';
  };
}
