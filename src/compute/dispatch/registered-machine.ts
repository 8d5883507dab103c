import { ComputeError } from '../../common/errors/index.js';
import type { MachineRecord, MachineStore } from '../../journal/machine-store.port.js';
import type { CallContext } from '../contract/index.js';
import type { ObservedState } from '../state/power-state.js';
import { seenState } from './machine-check.js';
import type { ChangeRoute, RouteResult } from './route.js';
import { hasBegun } from './run-context.js';

/** @throws ComputeError RESOURCE_NOT_FOUND */
export async function findMachine(store: MachineStore, name: string): Promise<MachineRecord> {
  const record = await store.find(name);
  if (record !== undefined) return record;
  throw notRegistered(name);
}

export function notRegistered(name: string): ComputeError {
  return new ComputeError(
    'RESOURCE_NOT_FOUND',
    `no machine ${name} is registered; machine.list names those that are, machine.register adds one`,
    { details: { machine: name } },
  );
}

/**
 * A power verb of a registered machine. Whoever carries it out looks at the registry again: it may have waited for long, and
 * an old password, tried once too often, locks a user.
 *
 * @param bind makes the route of a machine as it is registered
 */
export function registeredChangeRoute(
  record: MachineRecord,
  store: MachineStore,
  bind: (record: MachineRecord) => ChangeRoute,
): ChangeRoute {
  const route = bind(record);
  const look = async (): Promise<{ known: MachineRecord; current: ChangeRoute }> => {
    const known = await findMachine(store, record.name);
    return { known, current: known.revision === record.revision ? route : bind(known) };
  };
  return {
    ...route,
    resolve: async (ctx) => (await look()).current.resolve(ctx),
    async run(ctx, target) {
      // What has begun goes on with what it began with, also when the machine is gone.
      const { known, current } = hasBegun(ctx.checkpoints) ? { known: record, current: route } : await look();
      const found = current === route ? target : await current.resolve(ctx);
      if (found.key !== target.key) throw isAnother(record, target.key, found.key);
      const result: RouteResult = await current.run(ctx, found);
      if (result.state !== undefined && result.state !== null) await noteState(ctx, store, known, result.state);
      return result;
    },
  };
}

/** Writes down what was seen of a registered machine. What was asked for is not worse off when this fails. */
export async function noteState(
  { log }: CallContext,
  store: MachineStore,
  { name, revision }: MachineRecord,
  state: ObservedState,
): Promise<void> {
  try {
    await store.observe([{ name, revision, status: 'verified', error: null, seen: seenState(state) }]);
  } catch (error) {
    log.warn(`what was seen of machine ${name} could not be written down`, { err: error });
  }
}

function isAnother({ name }: MachineRecord, before: string, now: string): ComputeError {
  return new ComputeError('STATE_CONFLICT', `${name} is registered for another machine than when this was accepted`, {
    outcome: 'not-started',
    details: { accepted_for: before, now },
  });
}
