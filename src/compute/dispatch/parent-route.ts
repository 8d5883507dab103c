import { ComputeError, type Effect } from '../../common/errors/index.js';
import { toJson } from '../../common/json.js';
import { targetKey } from '../../common/ids.js';
import type { OperationRecord } from '../../journal/journal.port.js';
import type { HostTarget, InstanceSummary, OperationContext, Target } from '../contract/index.js';
import { Children, type Child, type ChildFailure, type ChildrenPorts } from './children.js';
import { routeOn, targetPlace, within, type OpenHost } from './host-route.js';
import type { ChangeRoute, RouteResult } from './route.js';

/** Work on a host that consists of one child operation for each of its instances. */
export interface ParentWork {
  readonly open: OpenHost;
  /** The hosts that it changes: none of them may be in maintenance. */
  readonly hosts: readonly string[];
  readonly target: HostTarget;
  /** Of a host's instances, those that are to be worked on now. */
  concerns(instance: InstanceSummary): boolean;
  readonly child: (instance: InstanceSummary) => Child;
  /** Steps that come before the children; false when all of them were taken before. */
  prepare?(ctx: OperationContext, host: Target): Promise<boolean>;
  /** Is something else under way that could add to the work? */
  isDisturbed?(parent: OperationRecord['id']): Promise<boolean>;
}

/** Pause before looking again when only others' operations are waited for. */
const LOOK_AGAIN_MS = 200;

/** Binds work on a host to the operation that is the parent of its parts. */
export function parentRoute(work: ParentWork, ports: ChildrenPorts): ChangeRoute {
  const { open, target } = work;
  const place = { driver: open.driver.name };
  const listed = async (ctx: OperationContext): Promise<InstanceSummary[]> =>
    (await open.host.operations.listInstances(ctx)).filter((instance) => work.concerns(instance));

  return {
    ...routeOn(open, open.name),
    isParent: true,
    hosts: work.hosts,
    resolve: (ctx) => within(place, () => target.resolveHost(ctx)),
    provisionalKey: () => targetKey(open.driver.name, open.name, 'host'),
    permit: () => Promise.resolve(),
    plan: (ctx, host) =>
      within(targetPlace(place, host), async () => {
        const instances = await open.host.operations.listInstances(ctx);
        return instances
          .filter((instance) => work.concerns(instance))
          .map((instance) => ({ action: work.child(instance).method, description: describe(work.child(instance)) }));
      }),
    run: (ctx, host) => within(targetPlace(place, host), () => run(ctx, host)),
    // Its children are in the journal: it goes on with them.
    reconcile: () => Promise.resolve({ verdict: 'continue' }),
    abort: async (ctx) => {
      const children = await Children.of(ports, ctx.operationId);
      await children.cancel();
      await children.ended(ctx);
      const [all, failures] = [await children.all(), await children.failures()];
      const through = all.length - failures.length;
      return {
        verdict: 'stopped',
        text: `${through} of ${all.length} instances of ${open.name} were through, no further one was begun`,
        effect: effectOf(through, failures),
        details: { done: through, children: all.length, failed: toJson(failures) },
      };
    },
    describe: () => ({}),
  };

  async function run(ctx: OperationContext, host: Target): Promise<RouteResult> {
    const wasBegun = ctx.checkpoints.length > 0;
    await ctx.beginStep({ name: 'children', description: `looking at ${open.name}`, requestTimeoutMs: 0 });
    const children = await Children.of(ports, ctx.operationId);
    const hasPrepared = (await work.prepare?.(ctx, host)) ?? false;
    for (;;) {
      const isDisturbed = (await work.isDisturbed?.(ctx.operationId)) ?? false;
      const underWay = await children.begin(ctx, (await listed(ctx)).map(work.child));
      await children.ended(ctx);
      if (underWay === 0 && !isDisturbed) break;
      if (underWay === 0) {
        ctx.progress(`waiting for what runs on ${open.name}`);
        await ctx.clock.sleep(LOOK_AGAIN_MS, ctx.signal);
      }
    }
    const [all, failures] = [await children.all(), await children.failures()];
    if (failures.length > 0) throw partial(open.name, all.length, failures);
    const outcome = wasBegun || hasPrepared || all.length > 0 ? 'done' : 'already';
    return { outcome, answer: { host: open.name, children: all.length } };
  }
}

function describe({ method, params, name }: Child): string {
  const { destination } = params;
  return `${method} of ${name}${typeof destination === 'string' ? ` to ${destination}` : ''}`;
}

function partial(host: string, children: number, failures: readonly ChildFailure[]): ComputeError {
  const names = failures.slice(0, 5).map(({ name, message }) => `${name} (${message})`);
  const more = failures.length > names.length ? ` and ${failures.length - names.length} more` : '';
  const text = `${failures.length} instances of ${host} could not be dealt with: ${names.join('; ')}${more}`;
  const through = children - failures.filter(({ operation_id: id }) => id !== null).length;
  return new ComputeError('OPERATION_PARTIAL', text, {
    outcome: effectOf(through, failures),
    details: { done: through, children, failed: toJson(failures) },
  });
}

/** Of the whole: what is known of no part is known of it neither. */
function effectOf(through: number, failures: readonly ChildFailure[]): Effect {
  if (failures.some(({ outcome }) => outcome === 'unknown')) return 'unknown';
  return through > 0 ? 'applied' : 'not-applied';
}
