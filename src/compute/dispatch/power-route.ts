import type { z } from 'zod';
import { ComputeError, describeIssues, toComputeError } from '../../common/errors/index.js';
import { glob } from '../../common/glob.js';
import { POWER_FEATURES, POWER_FEATURE_IDS, claimNotes } from '../../features/index.js';
import type {
  ChangeOperation,
  AnyPowerType,
  AnyPowerTypeConnection,
  CallContext,
  MethodName,
  MethodParams,
  PowerChangeName,
  PowerMachine,
  PowerVerbName,
  Target,
} from '../contract/index.js';
import type { ObservedState } from '../state/power-state.js';
import { foundMachine, machineState } from './answers.js';
import { verbParams } from './destination.js';
import { targetPlace, within, type OpenHost } from './host-route.js';
import type { ChangeRoute, ReadRoute } from './route.js';

/** A power type, ready to be asked. */
export interface OpenPowerType extends Omit<AnyPowerTypeConnection, 'close'> {
  readonly type: AnyPowerType;
}

/** A machine whose parameters its power type has checked. */
export interface OpenMachine {
  readonly type: AnyPowerType;
  readonly machine: PowerMachine;
  /** As its power type has read them. */
  readonly parameters: unknown;
  /** As it is registered, or how its type names it. */
  readonly name: string;
}

/**
 * @param name under which it is registered
 * @throws ComputeError REQUEST_INVALID when the parameters are not what the power type wants
 */
export function openMachine(open: OpenPowerType, parameters: unknown, name?: string): OpenMachine {
  const { type } = open;
  const checked = checkParameters(type, type.schema, parameters);
  const machine = open.machine(checked);
  return { type, machine, parameters: checked, name: name ?? machine.label };
}

/** @throws ComputeError REQUEST_INVALID */
function checkParameters<S extends z.ZodType>({ name }: AnyPowerType, schema: S, parameters: unknown): z.output<S> {
  const checked = schema.safeParse(parameters ?? {});
  if (checked.success) return checked.data;
  const { text, details } = describeIssues(checked.error.issues);
  throw new ComputeError('REQUEST_INVALID', `power_parameters of ${name}: ${text}`, {
    driver: name,
    details: { mistakes: details },
  });
}

/** Binds `power.probe` to a controller. */
export function probeRoute(
  { type, probe }: OpenPowerType,
  method: MethodName,
  { power_parameters: parameters, name }: MethodParams<'power.probe'>,
): ReadRoute {
  if (probe === undefined) throw unsupported(type, method, 'probe');
  const controller = checkParameters(type, probe.schema, parameters);
  const isWanted = (found: string): boolean => name === undefined || glob(name).test(found);
  const driver = type.name;
  return {
    driver,
    host: null,
    read: async (ctx) => ({
      machines: (await within({ driver }, () => probe.list(ctx, controller, isWanted))).map(foundMachine),
    }),
  };
}

/** Binds a changing verb to a machine with a power controller. */
export function powerChangeRoute(
  { type, machine, name }: OpenMachine,
  method: MethodName,
  operation: string,
  request: object,
  hosts: readonly OpenHost[],
): ChangeRoute {
  const verb = operation as PowerChangeName;
  // The method's schema has checked the parameters of its verb.
  const run = machine.verbs[verb] as ChangeOperation | undefined;
  if (run === undefined) throw unsupported(type, method, verb);
  const params = verbParams(request);
  const place = { driver: type.name };
  return {
    driver: type.name,
    host: null,
    name,
    isParent: false,
    hosts: [],
    resolve: (ctx) => within(place, () => machine.resolve(ctx)),
    provisionalKey: () => machine.provisionalKey(),
    permit: (ctx, target) => refuseProtected(ctx, target, verb, hosts),
    plan: (ctx, target) => within(targetPlace(place, target), () => machine.plan(ctx, verb, target, params)),
    run: (ctx, target) => within(targetPlace(place, target), () => run(ctx, target, params)),
    reconcile: (ctx, target) => within(targetPlace(place, target), () => machine.reconcile(ctx, verb, target, params)),
    describe: machineState,
  };
}

/** Binds `power.query` to a machine with a power controller. @param note is told what was seen */
export function powerReadRoute(
  { type, machine }: OpenMachine,
  method: MethodName,
  note?: (state: ObservedState) => void,
): ReadRoute {
  const { queryPower } = machine.verbs;
  if (queryPower === undefined) throw unsupported(type, method, 'queryPower');
  const read = async (ctx: CallContext) => {
    const state = await queryPower(ctx);
    note?.(state);
    return machineState(state);
  };
  const driver = type.name;
  return { driver, host: null, read: (ctx) => within({ driver }, () => read(ctx)) };
}

/**
 * Whoever gives a controller's credentials gives its machine into our hands, but for what a host of the configuration
 * protects: the same target may be an instance there.
 */
async function refuseProtected(
  ctx: CallContext,
  target: Target,
  verb: PowerChangeName,
  hosts: readonly OpenHost[],
): Promise<void> {
  for (const open of hosts) {
    const refusal = target.key.startsWith(`${open.driver.name}:`) ? open.rails.protection(target, verb) : undefined;
    if (refusal !== undefined && (await isInstanceOf(ctx, open, target))) throw refusal;
  }
}

/** Does the host have this very target? What it does not tell is not permitted. @throws ComputeError */
async function isInstanceOf(ctx: CallContext, { name, host }: OpenHost, target: Target): Promise<boolean> {
  try {
    return (await host.resolve(ctx, target.id)).key === target.key;
  } catch (error) {
    const { code, message, retry, cause } = toComputeError(error);
    if (code === 'INSTANCE_NOT_FOUND') return false;
    ctx.signal.throwIfAborted();
    throw new ComputeError(code, `cannot find out whether ${target.name} is protected by host ${name}: ${message}`, {
      target: target.key,
      details: { host: name },
      outcome: 'not-started',
      retry,
      cause,
    });
  }
}

export function unsupported(type: AnyPowerType, method: string, verb: PowerVerbName | 'probe'): ComputeError {
  const feature = POWER_FEATURE_IDS.find((id) => (POWER_FEATURES[id].operations as readonly string[]).includes(verb));
  const reason = feature === undefined ? null : claimNotes(type.features[feature]);
  return new ComputeError('FEATURE_UNSUPPORTED', `${type.name} does not offer ${method}: ${reason ?? 'missing'}`, {
    driver: type.name,
    details: { method, feature: feature ?? null },
  });
}
