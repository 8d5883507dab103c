import { randomUUID } from 'node:crypto';
import { ComputeError, toComputeError } from '../../common/errors/index.js';
import { targetKey } from '../../common/ids.js';
import {
  createdOf,
  noteCreated,
  type CallContext,
  type ChangeResult,
  type OperationContext,
  type StatelessResult,
  type Target,
  type ChangeParams,
  type OperationWork,
} from '../../compute/contract/index.js';
import { admitDescription, checkDescription, optionsOf } from './fake-description.js';
import { hardwareOf, nextInterface, nextVolume } from './fake-hardware.js';
import type { FakeImage } from './fake-image.js';
import { FakeInstance } from './fake-instance.js';
import { keepWhenAsked, obtainImage } from './fake-obtain.js';
import { transitionTo, type FakeSite } from './fake-site.js';
import { refuseWhileChanging, removalWork } from './fake-work.js';

type Description = ChangeParams<'spawn'>;

/**
 * Makes instances, in two steps: one makes it, the other starts it. Whose it is stands at the instance from its first moment, so that
 * an attempt whose answer was lost finds the one that it has made, and makes no second one.
 */
export function fakeSpawn(site: FakeSite): OperationWork<Description, ChangeResult> {
  /** The instance that this operation has made, noted or not. */
  const made = (ctx: OperationContext, name: string): FakeInstance | undefined => {
    const noted = createdOf(ctx.checkpoints);
    const instance = site.tryFind(noted?.id ?? name);
    return instance?.madeBy === ctx.operationId ? instance : undefined;
  };
  const note = async (ctx: OperationContext, instance: FakeInstance): Promise<FakeInstance> => {
    if (createdOf(ctx.checkpoints) === undefined) await noteCreated(ctx, targetOf(site, instance));
    return instance;
  };
  const create = async (ctx: OperationContext, description: Description): Promise<FakeInstance> => {
    const image = await look(ctx, site, description);
    const { name } = description;
    const instance = new FakeInstance(name, randomUUID(), 'shutdown');
    try {
      await site.change(ctx, {
        operation: 'spawn',
        name,
        subject: instance,
        doing: `making ${name}`,
        begin() {
          // While it was looked at, another one may have come.
          checkDescription(site, description);
          furnish(site, instance, ctx, description, image);
        },
        apply: () => keepWhenAsked(site, description.image, image),
      });
    } catch (error) {
      // The answer may have been lost: then it is there, and is found by whose it is.
      if (ctx.signal.aborted || made(ctx, name) === undefined) throw error;
    }
    return note(ctx, instance);
  };
  const start = async (ctx: OperationContext, instance: FakeInstance): Promise<void> => {
    await site.change(ctx, {
      operation: 'powerOn',
      name: instance.name,
      subject: instance,
      doing: `starting ${instance.name}`,
      begin: () => {
        instance.transition = transitionTo('running');
      },
      apply: () => {
        instance.transition = null;
        instance.enter('running', ctx.clock.now());
      },
    });
  };
  const done = (ctx: CallContext, instance: FakeInstance): ChangeResult => ({
    outcome: 'done',
    state: site.observe(instance, ctx.clock.now()),
  });

  return {
    async run(ctx, _target, description) {
      admitDescription(description);
      const before = made(ctx, description.name);
      if (before === undefined && createdOf(ctx.checkpoints) !== undefined) throw gone(description.name);
      const instance = before === undefined ? await create(ctx, description) : await note(ctx, before);
      if (description.start === false || instance.state === 'running') return done(ctx, instance);
      try {
        await start(ctx, instance);
      } catch (error) {
        const cause = toComputeError(error);
        if (ctx.signal.aborted || cause.outcome === 'unknown') throw cause;
        throw await undo(ctx, site, instance, cause);
      }
      return done(ctx, instance);
    },
    async plan(ctx, _target, description) {
      admitDescription(description);
      await site.read(ctx, 'plan', description.name);
      await look(ctx, site, description);
      const steps = [{ action: 'spawn', description: `making ${description.name}` }];
      if (description.start !== false) steps.push({ action: 'powerOn', description: `starting ${description.name}` });
      return steps;
    },
    async reconcile(ctx, _target, description) {
      await site.read(ctx, 'reconcile', description.name);
      const instance = made(ctx, description.name);
      if (instance === undefined) {
        if (createdOf(ctx.checkpoints) === undefined) return { verdict: 'continue' };
        return { verdict: 'failed', error: gone(description.name) };
      }
      refuseWhileChanging(instance);
      await note(ctx, instance);
      const isThere = description.start === false || instance.state === 'running';
      return isThere ? { verdict: 'concluded', result: done(ctx, instance) } : { verdict: 'continue' };
    },
  };
}

/** Ends instances. */
export function fakeDestroy(site: FakeSite): OperationWork<object, StatelessResult> {
  return removalWork<FakeInstance>(site, 'destroy', {
    find: (id) => site.tryFind(id),
    doing: ({ name }) => `removing ${name}`,
    remove: (instance) => site.remove(instance),
  });
}

export function targetOf(site: FakeSite, { id, name }: FakeInstance): Target {
  return { key: targetKey('fake', site.name, id), id, name };
}

/** Refuses what the host cannot make now, and finds the image. @throws ComputeError as {@link checkDescription}, {@link obtainImage} */
async function look(ctx: CallContext, site: FakeSite, description: Description): Promise<FakeImage | null> {
  checkDescription(site, description);
  return description.image === undefined ? null : obtainImage(ctx, site, description.image);
}

/** From this moment the host has the instance, with all that was described. */
function furnish(
  site: FakeSite,
  instance: FakeInstance,
  ctx: OperationContext,
  description: Description,
  image: FakeImage | null,
): void {
  const hardware = hardwareOf(description, image);
  const networks = [...hardware.networks];
  for (const network of description.networks ?? []) networks.push(nextInterface(network, instance.id, networks));
  const volumes = [...hardware.volumes];
  for (const volume of description.volumes ?? []) {
    site.storage.hold(volume, instance.id);
    volumes.push(nextVolume(volume, site.storage.volume(volume.id).sizeGib, volumes));
  }
  instance.hardware = { ...hardware, networks, volumes };
  instance.madeBy = ctx.operationId;
  instance.isOurs = true;
  const { greeting } = optionsOf(description);
  if (greeting !== undefined) instance.write(ctx.clock.now(), greeting);
  instance.write(ctx.clock.now(), `${instance.name} was made${image === null ? '' : ` from ${image.name}`}`);
  site.add(instance);
}

/** Removes an instance that could not be started. @returns what the caller is told */
async function undo(
  ctx: OperationContext,
  site: FakeSite,
  instance: FakeInstance,
  cause: ComputeError,
): Promise<ComputeError> {
  try {
    await fakeDestroy(site).run(ctx, targetOf(site, instance), {});
  } catch (error) {
    if (ctx.signal.aborted) return toComputeError(error);
    return new ComputeError(
      'OPERATION_PARTIAL',
      `${instance.name} was made but could not be started (${cause.message}), nor removed again; destroy it`,
      { cause, outcome: 'applied' },
    );
  }
  return new ComputeError(cause.code, `${cause.message}; nothing is left of ${instance.name}`, {
    cause,
    outcome: 'not-applied',
    retry: cause.retry,
  });
}

function gone(name: string): ComputeError {
  return new ComputeError('OPERATION_FAILED', `${name} was made, and is gone since`, { outcome: 'not-applied' });
}
