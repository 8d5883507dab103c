import { z } from 'zod';
import { ComputeError } from '../../src/common/errors/index.js';
import { targetKey } from '../../src/common/ids.js';
import { Secret } from '../../src/common/secret.js';
import {
  definePowerType,
  type AnyPowerType,
  type CallContext,
  type OperationContext,
  type Reconciliation,
} from '../../src/compute/contract/index.js';
import type { ObservedState } from '../../src/compute/state/power-state.js';
import { complete, missing } from '../../src/features/index.js';

const no = missing('not in this test');

/** A switch with outlets, behind a password; it remembers what was asked of it, and outlives the services that ask. */
export class ScriptedPower {
  password = 'first';
  /** Every query and every command, in order: `on 4`. */
  readonly log: string[] = [];
  readonly on = new Set<string>();
  /** Asked before each query, or command: it may wait, or throw. */
  beforeQuery: (ctx: CallContext) => Promise<void> = () => Promise.resolve();
  beforeSwitch: (outlet: string, ctx: CallContext) => Promise<void> = () => Promise.resolve();

  /** What looking after an interrupted command finds out, with a password. */
  reconcile: (ctx: CallContext, password: string) => Reconciliation = () => ({ verdict: 'continue' });

  readonly type: AnyPowerType = definePowerType({
    name: 'switch',
    title: 'Switch',
    description: 'Outlets of a switch.',
    queryable: true,
    parameters: [],
    features: {
      'power.on': complete,
      'power.off': complete,
      'power.query': complete,
      'power.soft-off': no,
      'power.cycle': no,
      'power.reset': no,
      'power.pxe-next-boot': no,
      'power.chassis': no,
      'power.error-reporting': no,
      'power.enlistment': no,
    },
    schema: z.strictObject({
      power_address: z.string().min(1),
      power_pass: z
        .string()
        .optional()
        .transform((text) => new Secret(text ?? '')),
      node_outlet: z.string().default('1'),
    }),
    open: () => ({
      machine: ({ power_address: address, power_pass: password, node_outlet: outlet }) => {
        const key = targetKey('switch', address, outlet);
        const ask = (ctx: CallContext, what: string): void => {
          this.log.push(`${what} ${outlet}`);
          ctx.signal.throwIfAborted();
          if (password.reveal() === this.password) return;
          throw new ComputeError(
            'BACKEND_AUTH_FAILED',
            `http://u:${password.reveal()}@${address} refused the password`,
          );
        };
        const state = (ctx: CallContext): ObservedState => ({
          powerState: this.on.has(outlet) ? 'running' : 'shutdown',
          transition: null,
          nativeState: `${outlet}\0`,
          observedAt: ctx.clock.now(),
        });
        const query = async (ctx: CallContext): Promise<ObservedState> => {
          await this.beforeQuery(ctx);
          ask(ctx, 'query');
          return state(ctx);
        };
        const bring = (goal: 'on' | 'off') => async (ctx: OperationContext) => {
          if (this.on.has(outlet) === (goal === 'on')) return { outcome: 'already' as const, state: await query(ctx) };
          await ctx.beginStep({ name: goal, description: `switching ${goal}`, requestTimeoutMs: 100 });
          ask(ctx, goal);
          await this.beforeSwitch(outlet, ctx);
          if (goal === 'on') this.on.add(outlet);
          else this.on.delete(outlet);
          return { outcome: 'done' as const, state: state(ctx) };
        };
        return {
          label: `switch ${address} ${outlet}`,
          controller: address,
          verbs: { powerOn: bring('on'), powerOff: bring('off'), queryPower: query },
          resolve: () => Promise.resolve({ key, id: outlet, name: outlet }),
          provisionalKey: () => key,
          plan: (_ctx, verb) => Promise.resolve([{ action: verb, description: `outlet ${outlet}` }]),
          reconcile: (ctx) => Promise.resolve(this.reconcile(ctx, password.reveal())),
        };
      },
      close: () => Promise.resolve(),
    }),
  });
}
