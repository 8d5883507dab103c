import { ComputeError, toComputeError } from '../../common/errors/index.js';
import type { TargetKey } from '../../common/ids.js';
import type { Journal } from '../../journal/journal.port.js';
import { claimNotes, featuresUsed, type VirtFeatureId } from '../../features/index.js';
import type {
  AnyOperations,
  AnyVirtDriver,
  AskedChange,
  ChangeOperation,
  ChangeOperationName,
  ChangeResult,
  MethodName,
  OperationContext,
  StatelessResult,
  Target,
  VirtHost,
} from '../contract/index.js';
import { instanceState, machineState } from './answers.js';
import { verbParams, withoutChangeFields, type Destination } from './destination.js';
import type { GuardRails } from './guard-rails.js';
import type { ChangeRoute } from './route.js';

/** A host of the configuration, opened. */
export interface OpenHost {
  readonly name: string;
  readonly driver: AnyVirtDriver;
  readonly host: VirtHost;
  readonly rails: GuardRails;
  /** As configured, for `host.list`. */
  readonly manage: readonly string[];
  readonly protect: readonly string[];
}

/** The power verbs of an instance, in the words of the driver contract. A verb that is not here, no virt driver has. */
const VERBS: Readonly<Record<string, ChangeOperationName>> = {
  powerOn: 'powerOn',
  powerOff: 'powerOff',
  cycle: 'reboot',
  setBootDevice: 'setBootDevice',
  softOff: 'softOff',
  reset: 'reset',
};

/** A changing request that a driver carries out: which operation with which parameters. */
export interface DriverChange {
  /** As the driver's `plan` and `reconcile` take it. */
  readonly asked: AskedChange;
  readonly run: (ctx: OperationContext, target: Target) => Promise<ChangeResult | StatelessResult>;
}

/** Where a route on one host begins. @param name of what it changes, as the caller named it */
export function routeOn(
  { name: host, driver }: OpenHost,
  name: string,
): Pick<ChangeRoute, 'driver' | 'host' | 'name' | 'isParent' | 'hosts'> {
  return { driver: driver.name, host, name, isParent: false, hosts: [host] };
}

/** A target that has no key but that of its name. */
export function byName(key: TargetKey, name: string): Pick<ChangeRoute, 'resolve' | 'provisionalKey'> {
  return { resolve: () => Promise.resolve({ key, id: name, name }), provisionalKey: () => key };
}

/** Binds a changing method to an instance of a host. @throws ComputeError FEATURE_UNSUPPORTED, before any traffic */
export function hostChangeRoute(
  open: OpenHost,
  method: MethodName,
  operation: string,
  request: Destination,
  journal: Pick<Journal, 'unfinishedOn'>,
): ChangeRoute {
  const { instance: reference = '' } = request;
  const isPowerVerb = method.startsWith('power.');
  const name = isPowerVerb ? VERBS[operation] : operation;
  const change =
    name === undefined ? undefined : driverChange(open, method, name, isPowerVerb ? verbParams(request) : request);
  if (change === undefined) throw unsupported(open, method, operation);
  const place = { driver: open.driver.name };
  const { plan, run, reconcile } = carriedOut(open, change);
  return {
    ...routeOn(open, reference),
    resolve: (ctx) => within(place, () => open.host.resolve(ctx, reference)),
    provisionalKey: () => open.host.provisionalKey(reference),
    permit: (_ctx, target) => within(place, async () => open.rails.check(target, change.asked.operation)),
    plan,
    async run(ctx, target) {
      if (ctx.checkpoints.length === 0) await refuseUnfinished(open, target, journal);
      return await run(ctx, target);
    },
    reconcile,
    describe: isPowerVerb ? machineState : instanceState,
  };
}

/**
 * A spawn has the name of what it makes, and not its key, which it does not know before. Whoever finds the instance by then waits
 * for no turn, and so must not begin.
 *
 * @throws ComputeError STATE_CONFLICT when the target is being made
 */
async function refuseUnfinished(
  { host, driver }: OpenHost,
  { key, name }: Target,
  journal: Pick<Journal, 'unfinishedOn'>,
): Promise<void> {
  const byNameKey = host.provisionalKey(name);
  if (host.operations.spawn === undefined || byNameKey === key) return;
  const waiting = await journal.unfinishedOn(byNameKey);
  const spawn = waiting.find(
    ({ method, state }) => method === ('compute.spawn' satisfies MethodName) && state === 'running',
  );
  if (spawn === undefined) return;
  throw new ComputeError('STATE_CONFLICT', `${name} is being made by operation ${spawn.id}; wait for its end`, {
    driver: driver.name,
    target: key,
    outcome: 'not-started',
    retry: 'safe',
    details: { reason: 'being_made', operation_id: spawn.id },
  });
}

/**
 * How a driver carries a request out.
 *
 * @throws ComputeError FEATURE_UNSUPPORTED when it lacks the operation, or a feature that the request's fields use
 */
export function driverChange(open: OpenHost, method: MethodName, operation: string, request: object): DriverChange {
  // The method's schema has checked the parameters, and each method names the operation whose parameters they are: the type
  // of one goes with that of the other, which only this line has to believe.
  const asked = { operation, params: operationParams(request) } as AskedChange;
  const run = offered(open, method, asked.operation, request) as ChangeOperation<
    object,
    ChangeResult | StatelessResult
  >;
  return { asked, run: (ctx, target) => run(ctx, target, asked.params) };
}

/** The parts of a route that are the driver's. */
export function carriedOut(
  { driver, host }: OpenHost,
  { asked, run }: DriverChange,
): Pick<ChangeRoute, 'plan' | 'run' | 'reconcile'> {
  const at = <T>(target: Target, work: () => Promise<T>): Promise<T> =>
    within(targetPlace({ driver: driver.name }, target), work);
  return {
    plan: (ctx, target) => at(target, () => host.plan(ctx, asked, target)),
    run: (ctx, target) => at(target, () => run(ctx, target)),
    reconcile: (ctx, target) => at(target, () => host.reconcile(ctx, asked, target)),
  };
}

/** The fields of a request that its driver is given. */
function operationParams(request: object): object {
  const { host: _host, instance: _instance, ...params } = withoutChangeFields(request);
  return params;
}

/**
 * The operation of a host that a request asks for.
 *
 * @throws ComputeError FEATURE_UNSUPPORTED when its driver lacks it, or a feature that the request's fields use
 */
export function offered<O extends keyof AnyOperations>(
  open: OpenHost,
  method: string,
  operation: O,
  request: object,
): NonNullable<AnyOperations[O]> {
  refuseMissing(open, method, operation, request);
  const offer = open.host.operations[operation];
  if (offer === undefined) throw unsupported(open, method, operation);
  return offer;
}

/** @throws ComputeError FEATURE_UNSUPPORTED when a request uses a feature that the driver declares missing */
export function refuseMissing({ driver, name }: OpenHost, method: string, operation: string, request: object): void {
  const missing = featuresUsed(operation, request).filter((feature) => driver.features[feature].level === 'missing');
  const [first] = missing;
  if (first === undefined) return;
  throw refusal(driver.name, name, method, missing, claimNotes(driver.features[first]));
}

/** The refusal of what a driver lacks, with its reason. */
export function unsupported({ driver, name }: OpenHost, method: string, operation: string): ComputeError {
  const features = featuresUsed(operation, {}).slice(0, 1);
  const [feature] = features;
  const reason = feature === undefined ? 'it has no such operation' : claimNotes(driver.features[feature]);
  return refusal(driver.name, name, method, features, reason);
}

function refusal(
  driver: string,
  host: string,
  method: string,
  features: readonly VirtFeatureId[],
  reason: string | null,
): ComputeError {
  const [feature = null] = features;
  const what = feature === null ? '' : ` (${feature})`;
  return new ComputeError('FEATURE_UNSUPPORTED', `${driver} does not offer ${method}${what}: ${reason ?? 'missing'}`, {
    driver,
    details: { method, feature, features: [...features], host },
  });
}

/** Says of every error which driver and target it comes from. */
export async function within<T>(place: { driver: string; target?: string }, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toComputeError(error).within(place);
  }
}

export function targetPlace(place: { driver: string }, target: Target): { driver: string; target: string } {
  return { ...place, target: target.key };
}
