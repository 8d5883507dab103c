import { ComputeError, toComputeError } from '../../common/errors/index.js';
import { claimNotes, featuresUsed } from '../../features/index.js';
import type {
  AnyOperations,
  AnyVirtDriver,
  CallContext,
  ChangeOperationName,
  MethodName,
  Target,
  VirtHost,
} from '../contract/index.js';
import { hostInfo, instanceInfo, instanceState, instanceSummary, machineState } from './answers.js';
import type { GuardRails } from './guard-rails.js';
import type { Answer, ChangeRoute, ReadRoute } from './route.js';

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
};

/** Binds a changing method to an instance of a host. @throws ComputeError FEATURE_UNSUPPORTED, before any traffic */
export function hostChangeRoute(open: OpenHost, method: MethodName, operation: string, reference: string): ChangeRoute {
  const isPowerVerb = method.startsWith('power.');
  const name = isPowerVerb ? VERBS[operation] : (operation as ChangeOperationName);
  const run = name === undefined ? undefined : open.host.operations[name];
  if (name === undefined || run === undefined) throw unsupported(open, method, name ?? operation);
  const place = { driver: open.driver.name };
  return {
    driver: open.driver.name,
    host: open.name,
    name: reference,
    isParent: false,
    hosts: [open.name],
    resolve: (ctx) => within(place, () => open.host.resolve(ctx, reference)),
    provisionalKey: () => open.host.provisionalKey(reference),
    permit: (_ctx, target) => within(place, async () => open.rails.check(target, name)),
    plan: (ctx, target) => within(targetPlace(place, target), () => open.host.plan(ctx, name, target)),
    run: (ctx, target) => within(targetPlace(place, target), () => run(ctx, target)),
    reconcile: (ctx, target) => within(targetPlace(place, target), () => open.host.reconcile(ctx, name, target)),
    describe: isPowerVerb ? machineState : instanceState,
  };
}

/** Binds a reading method to a host, or to one of its instances. */
export function hostReadRoute(open: OpenHost, method: MethodName, operation: string, reference?: string): ReadRoute {
  const read = reader(open, operation as keyof AnyOperations, reference);
  if (read === undefined) throw unsupported(open, method, operation);
  const driver = open.driver.name;
  return { driver, host: open.name, read: (ctx) => within({ driver }, () => read(ctx)) };
}

function reader(
  open: OpenHost,
  operation: keyof AnyOperations,
  reference: string | undefined,
): ((ctx: CallContext) => Promise<Answer>) | undefined {
  const { name } = open;
  const { operations } = open.host;
  const instance = reference ?? '';
  switch (operation) {
    case 'listInstances':
      return async (ctx: CallContext) => ({
        host: name,
        instances: (await operations.listInstances(ctx)).map(instanceSummary),
      });
    case 'getInfo': {
      const { getInfo } = operations;
      return getInfo && (async (ctx: CallContext) => instanceInfo(await getInfo(ctx, instance)));
    }
    case 'queryPower':
      return async (ctx: CallContext) => machineState(await operations.queryPower(ctx, instance));
    case 'getHostInfo': {
      const { getHostInfo } = operations;
      return getHostInfo && (async (ctx: CallContext) => hostInfo(name, open.driver.name, await getHostInfo(ctx)));
    }
    case 'testHost':
      return async (ctx: CallContext) => {
        const checks = await operations.testHost(ctx);
        return { host: name, ok: checks.every(({ ok }) => ok), checks: checks.map((check) => ({ ...check })) };
      };
    default:
      return undefined;
  }
}

/** The refusal of what a driver lacks, with its reason. */
export function unsupported(open: OpenHost, method: string, operation: string): ComputeError {
  const [feature] = featuresUsed(operation, {});
  const reason = feature === undefined ? 'virt drivers have no such verb' : claimNotes(open.driver.features[feature]);
  return new ComputeError(
    'FEATURE_UNSUPPORTED',
    `${open.driver.name} does not offer ${method}: ${reason ?? 'missing'}`,
    {
      driver: open.driver.name,
      details: { method, feature: feature ?? null, host: open.name },
    },
  );
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
