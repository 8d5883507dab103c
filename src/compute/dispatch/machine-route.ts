import { ComputeError } from '../../common/errors/index.js';
import { targetKey } from '../../common/ids.js';
import { canonicalJson } from '../../common/json.js';
import type {
  MachineDefinition,
  MachineRecord,
  MachineSighting,
  MachineStore,
} from '../../journal/machine-store.port.js';
import type { MethodParams, OperationContext, PlannedStep, PowerParameters } from '../contract/index.js';
import type { ControllerLimits } from './controller-limits.js';
import { UNCHECKED, checkMachine } from './machine-check.js';
import { within } from './host-route.js';
import { machineView } from './machine-views.js';
import type { OpenMachine } from './power-route.js';
import { findMachine } from './registered-machine.js';
import type { ChangeRoute, RouteResult } from './route.js';
import { hasBegun } from './run-context.js';

export interface MachineRoutePorts {
  readonly store: MachineStore;
  readonly limits: ControllerLimits;
  /** Checks parameters against a power type. @throws ComputeError REQUEST_INVALID, RESOURCE_NOT_FOUND */
  readonly open: (powerType: string, parameters: PowerParameters) => OpenMachine;
}

/** What there is to be done about one machine of the registry. */
interface MachineWork {
  readonly name: string;
  /** Its power type now, as far as it is known. */
  readonly powerType: string;
  readonly step: PlannedStep;
  /** Would anything be changed? Throws what {@link run} would. */
  readonly changes: () => Promise<boolean>;
  readonly run: (ctx: OperationContext, begin: () => Promise<void>) => Promise<RouteResult>;
}

export function registerRoute(
  { store, limits, open }: MachineRoutePorts,
  request: MethodParams<'machine.register'>,
  requestedBy: string,
): ChangeRoute {
  const { machine: name, power_type: powerType, power_parameters: parameters = {}, skip_check: skips } = request;
  const opened = open(powerType, parameters);
  const definition = { powerType, parameters, controller: opened.machine.controller };
  /** The machine that is registered already, in the same words. */
  const same = async (): Promise<MachineRecord | undefined> => {
    const known = await store.find(name);
    if (known !== undefined && !isSame(known, definition)) throw exists(known);
    return known;
  };
  return machineRoute({
    name,
    powerType,
    step: { action: 'register', description: `registering ${name}, by ${powerType}` },
    changes: async () => (await same()) === undefined,
    async run(ctx, begin) {
      const known = await same();
      const sighting = skips === true ? undefined : await sight(ctx, opened, limits);
      if (known !== undefined) return confirmed(ctx, store, known, sighting);
      await begin();
      const machine = { name, ...definition, ...(sighting ?? UNCHECKED), registeredBy: requestedBy };
      if (!(await store.add(machine, ctx, ctx.clock.now()))) throw changedSince(name);
      return answer('done', await findMachine(store, name));
    },
  });
}

export async function updateRoute(
  { store, limits, open }: MachineRoutePorts,
  request: MethodParams<'machine.update'>,
): Promise<ChangeRoute> {
  const { machine: name, if_revision: ifRevision, skip_check: skips } = request;
  /** What it is now and what it would be, which an earlier operation may have changed since this one was accepted. */
  const look = async () => {
    const known = await findMachine(store, name);
    const { powerType, parameters } = mergedWith(known, request);
    const opened = open(powerType, parameters);
    const definition = { powerType, parameters, controller: opened.machine.controller };
    const isChanged = !isSame(known, definition);
    if (isChanged && ifRevision !== undefined && ifRevision !== known.revision) throw changedSince(name, known);
    return { known, opened, definition, isChanged };
  };
  // What is wrong with it is told at once, as for any other request.
  const { definition: asked } = await look();
  return machineRoute({
    name,
    powerType: asked.powerType,
    step: { action: 'update', description: `changing what is known of ${name}` },
    changes: async () => (await look()).isChanged,
    async run(ctx, begin) {
      const { known, opened, definition, isChanged } = await look();
      const sighting = skips === true ? undefined : await sight(ctx, opened, limits);
      if (!isChanged) return confirmed(ctx, store, known, sighting);
      await begin();
      const change = { name, revision: known.revision, ...definition, ...(sighting ?? UNCHECKED) };
      if (!(await store.change(change, ctx, ctx.clock.now()))) throw changedSince(name);
      return answer('done', await findMachine(store, name));
    },
  });
}

export async function removeRoute(
  { store }: MachineRoutePorts,
  { machine: name }: MethodParams<'machine.remove'>,
): Promise<ChangeRoute> {
  const isThere = async (): Promise<boolean> => (await store.find(name)) !== undefined;
  return machineRoute({
    name,
    powerType: (await store.find(name))?.powerType ?? 'none',
    step: { action: 'remove', description: `forgetting ${name}` },
    changes: isThere,
    async run(ctx, begin) {
      if (!(await isThere())) return { outcome: hasBegun(ctx.checkpoints) ? 'done' : 'already' };
      await begin();
      await store.remove(name, ctx);
      return { outcome: 'done' };
    },
  });
}

/**
 * The registry is the device here: changes of one machine come one after the other like operations of any target, and do not
 * wait for its power operations, nor these for them. Whatever an interrupted attempt has done is seen by the next.
 */
function machineRoute({ name, powerType, step, changes, run }: MachineWork): ChangeRoute {
  const key = targetKey('machine', name, 'registration');
  const { action, description } = step;
  return {
    driver: powerType,
    host: null,
    name,
    isParent: false,
    hosts: [],
    resolve: () => Promise.resolve({ key, id: name, name }),
    provisionalKey: () => key,
    permit: () => Promise.resolve(),
    plan: async () => ((await changes()) ? [step] : []),
    run: (ctx) =>
      within({ driver: powerType }, () =>
        run(ctx, () => ctx.beginStep({ name: action, description, requestTimeoutMs: 0 })),
      ),
    reconcile: () => Promise.resolve({ verdict: 'continue' }),
    describe: () => ({}),
  };
}

function sight(ctx: OperationContext, opened: OpenMachine, limits: ControllerLimits): Promise<MachineSighting> {
  if (opened.type.queryable) ctx.progress(`asking the controller ${opened.machine.controller}`);
  return checkMachine(ctx, opened, limits);
}

/** It is as it was asked for already, by an earlier attempt perhaps: what was found out now counts. */
async function confirmed(
  ctx: OperationContext,
  store: MachineStore,
  { name, revision }: MachineRecord,
  sighting: MachineSighting | undefined,
): Promise<RouteResult> {
  if (sighting !== undefined) await store.observe([{ ...sighting, name, revision }]);
  return answer(hasBegun(ctx.checkpoints) ? 'done' : 'already', await findMachine(store, name));
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

function answer(outcome: RouteResult['outcome'], record: MachineRecord): RouteResult {
  return { outcome, answer: { machine: machineView(record) } };
}

function exists({ name, powerType }: MachineRecord): ComputeError {
  return new ComputeError(
    'ALREADY_EXISTS',
    `a machine ${name} is registered already, by ${powerType} and with other parameters; machine.update changes it`,
    { outcome: 'not-started', details: { machine: name } },
  );
}

function changedSince(name: string, known?: MachineRecord): ComputeError {
  return new ComputeError('STATE_CONFLICT', `machine ${name} has been changed meanwhile; look at it and ask again`, {
    outcome: 'not-applied',
    details: { machine: name, ...(known === undefined ? {} : { revision: known.revision }) },
  });
}
