import { ComputeError } from '../../common/errors/index.js';
import { targetKey } from '../../common/ids.js';
import { canonicalJson } from '../../common/json.js';
import type {
  MachineDefinition,
  MachineRecord,
  MachineSighting,
  MachineStore,
} from '../../journal/machine-store.port.js';
import type { MethodParams, OperationContext, PlannedStep, PowerMachine, PowerParameters } from '../contract/index.js';
import type { ControllerLimits } from './controller-limits.js';
import { UNCHECKED, checkMachine } from './machine-check.js';
import { machineView } from './machine-views.js';
import { within } from './host-route.js';
import type { ChangeRoute, RouteResult } from './route.js';

export interface MachineRoutePorts {
  readonly store: MachineStore;
  readonly limits: ControllerLimits;
  /** Checks parameters against a power type. @throws ComputeError REQUEST_INVALID, RESOURCE_NOT_FOUND */
  readonly open: (powerType: string, parameters: PowerParameters) => PowerMachine;
}

/** What there is to be done about one machine of the registry. */
interface MachineWork {
  readonly name: string;
  /** Its power type now, as far as it is known. */
  readonly powerType: string;
  readonly step: PlannedStep;
  readonly run: (ctx: OperationContext) => Promise<RouteResult>;
}

export function registerRoute(
  { store, limits, open }: MachineRoutePorts,
  request: MethodParams<'machine.register'>,
  requestedBy: string,
): ChangeRoute {
  const {
    machine: name,
    power_type: powerType,
    power_parameters: parameters = {},
    skip_check: skips = false,
  } = request;
  const opened = open(powerType, parameters);
  const definition = { powerType, parameters, controller: opened.controller };
  return machineRoute({
    name,
    powerType,
    step: { action: 'register', description: `registering ${name}, by ${powerType}` },
    async run(ctx) {
      const known = await store.find(name);
      if (known !== undefined && !isSame(known, definition)) throw exists(known);
      const sighting = await sight(ctx, { powerType, machine: opened }, skips, limits);
      if (known !== undefined) {
        // The same again: what was found out now counts.
        if (!skips) await store.observe([{ ...sighting, name, revision: known.revision }]);
        return answer(hasBegun(ctx) ? 'done' : 'already', await store.find(name));
      }
      await ctx.beginStep({ name: 'register', description: `registering ${name}`, requestTimeoutMs: 0 });
      const isAdded = await store.add(name, definition, sighting, requestedBy, ctx.clock.now());
      const record = await store.find(name);
      if (!isAdded && record !== undefined && !isSame(record, definition)) throw exists(record);
      return answer('done', record);
    },
  });
}

export async function updateRoute(
  { store, limits, open }: MachineRoutePorts,
  request: MethodParams<'machine.update'>,
): Promise<ChangeRoute> {
  const { machine: name, if_revision: ifRevision, skip_check: skips = false } = request;
  // What is wrong with it is told at once, as for any other request.
  const before = await findMachine(store, name);
  const merged = mergedWith(before, request);
  open(merged.powerType, merged.parameters);
  return machineRoute({
    name,
    powerType: merged.powerType,
    step: { action: 'update', description: `changing what is known of ${name}` },
    async run(ctx) {
      const known = await findMachine(store, name);
      const { powerType, parameters } = mergedWith(known, request);
      const opened = open(powerType, parameters);
      const definition = { powerType, parameters, controller: opened.controller };
      const isChanged = !isSame(known, definition);
      if (isChanged && ifRevision !== undefined && ifRevision !== known.revision) throw changedSince(known);
      const sighting = await sight(ctx, { powerType, machine: opened }, skips, limits);
      if (!isChanged) {
        if (!skips) await store.observe([{ ...sighting, name, revision: known.revision }]);
        return answer(hasBegun(ctx) ? 'done' : 'already', await store.find(name));
      }
      await ctx.beginStep({ name: 'update', description: `changing ${name}`, requestTimeoutMs: 0 });
      const isDone = await store.change(name, known.revision, definition, sighting, ctx.clock.now());
      const record = await findMachine(store, name);
      if (!isDone && !isSame(record, definition)) throw changedSince(record);
      return answer('done', record);
    },
  });
}

export async function removeRoute(
  { store }: MachineRoutePorts,
  { machine: name }: MethodParams<'machine.remove'>,
): Promise<ChangeRoute> {
  const powerType = (await store.find(name))?.powerType ?? 'none';
  return machineRoute({
    name,
    powerType,
    step: { action: 'remove', description: `forgetting ${name}` },
    async run(ctx) {
      const wasBegun = hasBegun(ctx);
      await ctx.beginStep({ name: 'remove', description: `forgetting ${name}`, requestTimeoutMs: 0 });
      const isRemoved = await store.remove(name);
      return { outcome: isRemoved || wasBegun ? 'done' : 'already' };
    },
  });
}

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
 * The registry is the device here: changes of one machine come one after the other like operations of any target, and do not
 * wait for its power operations, nor these for them. Whatever an interrupted attempt has done is seen by the next.
 */
function machineRoute({ name, powerType, step, run }: MachineWork): ChangeRoute {
  const key = targetKey('machine', name, 'registration');
  return {
    driver: powerType,
    host: null,
    name,
    isParent: false,
    hosts: [],
    resolve: () => Promise.resolve({ key, id: name, name }),
    provisionalKey: () => key,
    permit: () => Promise.resolve(),
    plan: () => Promise.resolve([step]),
    run: (ctx) => within({ driver: powerType }, () => run(ctx)),
    reconcile: () => Promise.resolve({ verdict: 'continue' }),
    describe: () => ({}),
  };
}

async function sight(
  ctx: OperationContext,
  asked: { readonly powerType: string; readonly machine: PowerMachine },
  skips: boolean,
  limits: ControllerLimits,
): Promise<MachineSighting> {
  if (skips) return UNCHECKED;
  ctx.progress(`asking the controller ${asked.machine.controller}`);
  return checkMachine(ctx, asked, limits);
}

function mergedWith(
  { powerType, parameters }: MachineDefinition,
  {
    power_type: newType,
    power_parameters: changed = {},
    remove_parameters: removed = [],
  }: MethodParams<'machine.update'>,
): Pick<MachineDefinition, 'powerType' | 'parameters'> {
  if (newType !== undefined && newType !== powerType) return { powerType: newType, parameters: changed };
  const kept = Object.entries(parameters).filter(([name]) => !removed.includes(name));
  return { powerType, parameters: { ...Object.fromEntries(kept), ...changed } };
}

function isSame(one: MachineDefinition, other: MachineDefinition): boolean {
  const known = ({ powerType, parameters }: MachineDefinition): string => canonicalJson([powerType, parameters]);
  return known(one) === known(other);
}

function answer(outcome: RouteResult['outcome'], record: MachineRecord | undefined): RouteResult {
  return { outcome, answer: record === undefined ? {} : { machine: machineView(record) } };
}

function hasBegun({ checkpoints }: OperationContext): boolean {
  return checkpoints.length > 0;
}

function exists({ name, powerType }: MachineRecord): ComputeError {
  return new ComputeError(
    'ALREADY_EXISTS',
    `a machine ${name} is registered already, by ${powerType} and with other parameters; machine.update changes it`,
    { outcome: 'not-started', details: { machine: name } },
  );
}

function changedSince({ name, revision }: MachineRecord): ComputeError {
  return new ComputeError('STATE_CONFLICT', `machine ${name} has been changed meanwhile; look at it and ask again`, {
    outcome: 'not-applied',
    details: { machine: name, revision },
  });
}
