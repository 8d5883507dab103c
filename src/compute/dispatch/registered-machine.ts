import { ComputeError } from '../../common/errors/index.js';
import type { MachineRecord, MachineStore, SeenState } from '../../journal/machine-store.port.js';
import { seenAnswer } from './answers.js';
import type { MachineNotes } from './machine-notes.js';
import type { ChangeRoute, ReadRoute, RouteResult } from './route.js';
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

interface Asked {
  readonly max_age_ms?: number | undefined;
}

/** Need a machine not be asked for again? A look that failed since tells that what was seen may be over. */
export function isFresh(
  { error }: MachineRecord,
  { observedAt }: SeenState,
  { max_age_ms: maxAgeMs = 0 }: Asked,
  now: number,
): boolean {
  return error === null && maxAgeMs > 0 && now - observedAt <= maxAgeMs;
}

/** The state of a registered machine, as it was seen lately where that is recent enough. */
export function registeredReadRoute(record: MachineRecord, asked: Asked, route: ReadRoute): ReadRoute {
  const { seen, revision } = record;
  return {
    ...route,
    revision,
    read: async (ctx) =>
      seen !== null && isFresh(record, seen, asked, ctx.clock.now()) ? seenAnswer(seen) : await route.read(ctx),
  };
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
  notes: MachineNotes,
  bind: (record: MachineRecord) => ChangeRoute,
): ChangeRoute {
  const first = { known: record, route: bind(record) };
  /** As it was last looked up. */
  let current = first;
  const look = async (): Promise<typeof current> => {
    const known = await findMachine(store, record.name);
    if (known.revision !== current.known.revision) current = { known, route: bind(known) };
    return current;
  };
  return {
    ...first.route,
    resolve: async (ctx) => (await look()).route.resolve(ctx),
    async run(ctx, target) {
      const before = current;
      // What has begun goes on with what it began with, also when the machine is gone.
      const { known, route } = hasBegun(ctx.checkpoints) ? before : await look();
      const found = known === before.known ? target : await route.resolve(ctx);
      if (found.key !== target.key) throw isAnother(record, target.key, found.key);
      const result: RouteResult = await route.run(ctx, found);
      const { state = null } = result;
      // Whoever looks at the registry after the answer finds it there.
      if (state !== null) await notes.seen(known, state);
      return result;
    },
    async reconcile(ctx, target) {
      const { known, route } = current;
      const found = await route.reconcile(ctx, target);
      const state = found.verdict === 'concluded' ? found.result.state : null;
      if (state !== null) await notes.seen(known, state);
      return found;
    },
  };
}

function isAnother({ name }: MachineRecord, before: string, now: string): ComputeError {
  return new ComputeError('STATE_CONFLICT', `${name} is registered for another machine than when this was accepted`, {
    outcome: 'not-started',
    details: { accepted_for: before, now },
  });
}
