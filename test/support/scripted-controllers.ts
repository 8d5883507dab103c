import { z } from 'zod';
import { ComputeError } from '../../src/common/errors/index.js';
import { targetKey } from '../../src/common/ids.js';
import { Secret } from '../../src/common/secret.js';
import {
  definePowerType,
  type AnyPowerType,
  type CallContext,
  type PowerDeclaration,
} from '../../src/compute/contract/index.js';
import type { InstancePowerState, ObservedState } from '../../src/compute/state/power-state.js';
import { complete, missing } from '../../src/features/index.js';

const none = missing('not in this test');
const features = {
  'power.on': none,
  'power.off': none,
  'power.soft-off': none,
  'power.cycle': none,
  'power.reset': none,
  'power.query': complete,
  'power.pxe-next-boot': none,
  'power.chassis': none,
  'power.error-reporting': none,
  'power.enlistment': none,
} as const satisfies PowerDeclaration;

const schema = z.strictObject({
  power_address: z.string(),
  power_id: z.string(),
  power_pass: z
    .string()
    .default('right')
    .transform((text) => new Secret(text)),
});
type Parameters = z.output<typeof schema>;

/** How a controller behaves; every machine behind one that answers is on unless said otherwise. */
export type Behaviour = 'answers' | 'hangs' | 'is away' | 'loses answers' | 'refuses';

/** Power controllers in memory, which count what they are asked. */
export class ScriptedControllers {
  readonly behaviours = new Map<string, Behaviour>();
  readonly states = new Map<string, InstancePowerState>();
  /** What a controller waits for before it does anything. */
  readonly gates = new Map<string, Promise<void>>();
  /** Requests, by controller. */
  readonly requests = new Map<string, number>();
  /** The most that were under way at once, by controller. */
  readonly most = new Map<string, number>();
  readonly #underWay = new Map<string, number>();
  readonly type: AnyPowerType;

  /** @param isOfMany can its controllers tell of many machines in one request? */
  constructor(name: string, isOfMany: boolean) {
    const query = (ctx: CallContext, machine: Parameters): Promise<ObservedState> =>
      this.#request(ctx, machine, () => this.#stateOf(ctx, machine));
    this.type = definePowerType({
      name,
      title: name,
      description: name,
      queryable: true,
      parameters: [],
      features,
      schema,
      open: () => ({
        machine: (machine) => ({
          label: machine.power_id,
          controller: machine.power_address,
          verbs: { queryPower: (ctx: CallContext) => query(ctx, machine) },
          resolve: () => Promise.resolve({ key: targetKey(name, 'x', machine.power_id), id: 'x', name: 'x' }),
          provisionalKey: () => targetKey(name, 'x', machine.power_id),
          plan: () => Promise.resolve([]),
          reconcile: () => Promise.resolve({ verdict: 'continue' }),
        }),
        ...(isOfMany
          ? {
              queryMany: async (ctx: CallContext, machines: readonly Parameters[]) => {
                const [first] = machines;
                if (first === undefined) return [];
                return this.#request(ctx, first, () => machines.map((machine) => this.#stateOf(ctx, machine)));
              },
            }
          : {}),
        close: () => Promise.resolve(),
      }),
    });
  }

  requestsTo(controller: string): number {
    return this.requests.get(controller) ?? 0;
  }

  async #request<T>(ctx: CallContext, { power_address: controller, power_pass: pass }: Parameters, answer: () => T) {
    this.requests.set(controller, this.requestsTo(controller) + 1);
    const underWay = (this.#underWay.get(controller) ?? 0) + 1;
    this.#underWay.set(controller, underWay);
    this.most.set(controller, Math.max(underWay, this.most.get(controller) ?? 0));
    try {
      await this.gates.get(controller);
      const behaviour = this.behaviours.get(controller) ?? 'answers';
      if (behaviour === 'hangs') await ctx.clock.sleep(3_600_000, ctx.signal);
      else await ctx.clock.sleep(1, ctx.signal);
      if (behaviour === 'is away') throw new ComputeError('BACKEND_UNREACHABLE', `${controller} is away`);
      if (behaviour === 'loses answers' && this.requestsTo(controller) % 2 === 0)
        throw new ComputeError('BACKEND_UNREACHABLE', `${controller} lost an answer`);
      if (behaviour === 'refuses' && pass.reveal() !== 'right')
        throw new ComputeError('BACKEND_AUTH_FAILED', `${controller} refused the logon`);
      return answer();
    } finally {
      this.#underWay.set(controller, (this.#underWay.get(controller) ?? 1) - 1);
    }
  }

  #stateOf({ clock }: CallContext, { power_id: id }: Parameters): ObservedState {
    const powerState = this.states.get(id) ?? 'running';
    return { powerState, transition: null, nativeState: powerState, observedAt: clock.now() };
  }
}
