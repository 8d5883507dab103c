import { ComputeError, toComputeError, type ErrorCode } from '../../common/errors/index.js';
import type { MethodInput } from '../../client/index.js';
import type { MethodName, MethodResult, PlannedStep } from '../../compute/contract/index.js';
import {
  fixedFlavor,
  interfaceDifference,
  refusedFields,
  rootDifference,
  toldOnce,
  untoldLists,
  volumeDifference,
  type Change,
  type Description,
  type Standing,
} from './difference.js';

/** Asks the service. */
export type Ask = <M extends MethodName>(method: M, params: MethodInput<M>) => Promise<MethodResult<M>>;

/** A change, with what the service says that it would do. */
export type PlannedChange = Change & { readonly steps: readonly PlannedStep[] };

/** What a deployment would do. */
export type DeployPlan =
  | { readonly kind: 'new'; readonly steps: readonly PlannedStep[] }
  /** The instance is there: all changes, in order; none when it is as it is to be. */
  | {
      readonly kind: 'changes';
      readonly info: Standing['info'];
      readonly changes: readonly PlannedChange[];
      /** What is not compared, or not done, and why. */
      readonly notes: readonly string[];
    }
  /** Somebody is at work on it. */
  | { readonly kind: 'busy'; readonly operationIds: readonly string[] };

interface PlanOptions {
  /** Carry the rest out although what was told at the making is another now. */
  readonly keepsFirst: boolean;
  /** Wait for what is under way, for it changes what there is to do. */
  readonly waits: boolean;
}

/**
 * Finds out what is to be done, by asking; nothing is changed.
 *
 * @throws ComputeError STATE_CONFLICT when an instance would have to be made anew; ALREADY_EXISTS when the one of that name is
 *   not ours; and what the plan of any change is refused with
 */
export async function planDeployment(ask: Ask, description: Description, options: PlanOptions): Promise<DeployPlan> {
  const { host, name } = description;
  const found = await spawnPlan(ask, description);
  if ('steps' in found) return { kind: 'new', steps: found.steps };
  const operationIds = await underWay(ask, host, name);
  if (operationIds.length > 0 && options.waits) return { kind: 'busy', operationIds };
  if (found.origin === null) throw notOurs(description, operationIds);
  const info = await ask('compute.get_info', { host, instance: name, devices: true });
  return await planChanges(ask, description, { info, changed: found.changed }, options);
}

type Found =
  { readonly steps: readonly PlannedStep[] } | { readonly origin: string | null; readonly changed: string[] | null };

/** Whether there is an instance of that name, and whose it is. */
async function spawnPlan(ask: Ask, description: Description): Promise<Found> {
  try {
    const { steps = [] } = await ask('compute.spawn', { ...description, plan: true });
    return { steps };
  } catch (error) {
    const { code, details } = toComputeError(error);
    // Something else may have the name: a storage group, say. A host that takes nothing new keeps what it has.
    const isTaken = code === 'ALREADY_EXISTS' || details['reason'] === 'disabled';
    if (!isTaken || !('origin' in details)) throw error;
    const { origin, changed } = details;
    return {
      origin: typeof origin === 'string' ? origin : null,
      changed: Array.isArray(changed) ? changed.map(String) : null,
    };
  }
}

/** Unfinished operations on what has the name, oldest first; none when the caller may not see any. */
async function underWay(ask: Ask, host: string, name: string): Promise<string[]> {
  const listed = await unless(['FORBIDDEN'], () => ask('operation.list', { host, name, state: 'unfinished' }));
  return (listed?.operations ?? []).map(({ operation_id: id }) => id).toReversed();
}

async function planChanges(
  ask: Ask,
  description: Description,
  standing: Standing,
  { keepsFirst }: PlanOptions,
): Promise<DeployPlan> {
  const size = await sizeDifference(ask, description, standing);
  const interfaces = interfaceDifference(description, standing);
  const volumes = volumeDifference(description, standing);
  const added = { networks: interfaces.added, volumes: volumes.added };
  const refused = [...refusedFields(standing.changed ?? [], added), ...size.refused];
  if (refused.length > 0 && !keepsFirst) throw toBeMadeAnew(description, refused);
  const unclear = [...interfaces.unclear, ...volumes.unclear];
  if (unclear.length > 0) throw untold(description, unclear);
  const { start = true, host, name } = description;
  const { power_state: state, transition } = standing.info;
  const runs = state === 'running' && transition === null;
  const changes: readonly Change[] = [
    ...size.changes,
    ...interfaces.changes,
    ...volumes.changes,
    ...(start && !runs ? [{ method: 'compute.power_on', params: { host, instance: name } } as const] : []),
  ];
  return {
    kind: 'changes',
    info: standing.info,
    changes: await withSteps(ask, description, changes),
    notes: notesOn(description, standing, refused),
  };
}

interface SizeDifference {
  readonly changes: readonly Change[];
  readonly refused: readonly string[];
}

/** What makes an instance as large as is wanted; a resize is confirmed, also one that an earlier deployment has left unconfirmed. */
async function sizeDifference(ask: Ask, description: Description, standing: Standing): Promise<SizeDifference> {
  const { host, name, flavor } = description;
  const instance = { host, instance: name };
  const { root_gib: _root, ...rest } = flavor;
  const confirmation = await unless(['STATE_CONFLICT', 'FEATURE_UNSUPPORTED'], () =>
    ask('compute.confirm_resize', { ...instance, plan: true }),
  );
  const isPending = confirmation !== undefined;
  const before: Change[] = isPending ? [{ method: 'compute.confirm_resize', params: instance }] : [];
  const resized = (wanted: Description['flavor'], steps: readonly PlannedStep[]): Change[] => [
    ...before,
    { method: 'compute.resize', params: { ...instance, flavor: wanted }, steps },
    {
      method: 'compute.confirm_resize',
      params: instance,
      steps: [{ action: 'confirm-resize', description: `keep the new size of ${name}` }],
    },
  ];
  const differing = async (wanted: Description['flavor']): Promise<Change[]> => {
    try {
      const { steps = [] } = await ask('compute.resize', { ...instance, flavor: wanted, plan: true });
      return steps.length === 0 ? before : resized(wanted, steps);
    } catch (error) {
      if (isPending && toComputeError(error).code === 'STATE_CONFLICT') return resized(wanted, [sizeStep(description)]);
      throw error;
    }
  };
  try {
    return { changes: await differing(flavor), refused: [] };
  } catch (error) {
    const { code, details } = toComputeError(error);
    if (code === 'FEATURE_UNSUPPORTED') return { changes: before, refused: fixedFlavor(description, standing) };
    if (code !== 'FEATURE_LIMITED' || details['path'] !== 'flavor.root_gib') throw error;
  }
  const root = rootDifference(description, standing);
  return {
    changes: [...(await differing(rest)), ...(root === undefined || root === 'refused' ? [] : [root])],
    refused: root === 'refused' ? ['flavor.root_gib'] : [],
  };
}

function sizeStep({ name, flavor: { vcpus, memory_mib: memoryMib } }: Description): PlannedStep {
  return { action: 'resize', description: `give ${name} ${vcpus} processors and ${memoryMib} MiB of memory` };
}

/** The changes that would do something. */
async function withSteps(ask: Ask, description: Description, changes: readonly Change[]): Promise<PlannedChange[]> {
  const planned: PlannedChange[] = [];
  let isAnyUnknown = false;
  for (const change of changes) {
    const steps = change.steps ?? (await stepsOf(ask, change));
    if (change.method === 'compute.attach_volume' && steps.length === 0) isAnyUnknown = true;
    if (steps.length > 0) planned.push({ ...change, steps });
  }
  const isToDetach = planned.some(({ method }) => method === 'compute.detach_volume');
  // One that it has under another name must not be taken for one too many.
  if (isAnyUnknown && isToDetach) throw untold(description, ['which of the attached volumes the description means']);
  return planned;
}

async function stepsOf(ask: Ask, { method, params }: Change): Promise<readonly PlannedStep[]> {
  const { steps = [] } = await ask(method, { ...params, plan: true });
  return steps;
}

function notesOn(description: Description, standing: Standing, refused: readonly string[]): string[] {
  const { name, start } = description;
  const { info, changed } = standing;
  const untoldOf = untoldLists(description, standing);
  const uncompared = changed === null ? toldOnce(description) : [];
  return [
    ...(refused.length === 0
      ? []
      : [`not carried out, since ${name} would have to be made anew: ${refused.join(', ')}`]),
    ...(uncompared.length === 0
      ? []
      : [`not compared, since it is not known what ${name} was made with: ${uncompared.join(', ')}`]),
    ...(untoldOf.length === 0 ? [] : [`not compared, since its driver does not tell: ${untoldOf.join(', ')}`]),
    ...(start === false && info.power_state === 'running'
      ? [`${name} runs, and \`start: false\` does not stop it`]
      : []),
  ];
}

/** Undefined when it fails with one of these. */
async function unless<T>(codes: readonly ErrorCode[], work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (codes.includes(toComputeError(error).code)) return undefined;
    throw error;
  }
}

function notOurs({ host, name }: Description, operationIds: readonly string[]): ComputeError {
  const [operationId] = operationIds;
  return new ComputeError(
    'ALREADY_EXISTS',
    operationId === undefined
      ? `${host} has an instance ${name} that was neither spawned nor adopted by this service; take it over first: zenova instance adopt ${host} ${name}`
      : `${name} on ${host} is not ours yet; operation ${operationId} is at work on it`,
    { details: { host, name, origin: null } },
  );
}

function toBeMadeAnew({ host, name }: Description, fields: readonly string[]): ComputeError {
  const isOne = fields.length === 1;
  const image = fields.includes('image') ? ', or give it its image with: zenova instance rebuild' : '';
  return new ComputeError(
    'STATE_CONFLICT',
    `${fields.join(', ')} ${isOne ? 'differs' : 'differ'} from what ${name} on ${host} was made with, and cannot be changed any more; ` +
      `destroy it and deploy it again${image}; --keep-first-start carries out the rest`,
    { outcome: 'not-started', details: { reason: 'made_otherwise', host, name, changed: [...fields] } },
  );
}

function untold({ host, name }: Description, what: readonly string[]): ComputeError {
  return new ComputeError(
    'STATE_CONFLICT',
    `it cannot be told of ${name} on ${host}: ${what.join(', ')}; nothing was changed`,
    { outcome: 'not-started', details: { reason: 'untold', host, name } },
  );
}
