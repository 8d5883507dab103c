import { createHash } from 'node:crypto';
import { targetKey } from '../../../common/ids.js';
import {
  definePowerType,
  type AnyPowerType,
  type CallContext,
  type OperationContext,
  type PlannedStep,
  type PowerChangeName,
  type PowerDeclaration,
  type Target,
} from '../../../compute/contract/index.js';
import { complete, missing, partial } from '../../../features/index.js';
import { PowerChange } from './power-change.js';
import { reconcileChange } from './reconcile.js';
import { bare, shown } from './webhook-address.js';
import { WebhookClient, type Goal } from './webhook-client.js';
import { WebhookPool } from './webhook-pool.js';
import { cycleLimited, TYPE_NAME } from './webhook.errors.js';
import { WEBHOOK_PARAMETERS, WebhookParametersSchema, type WebhookParameters } from './webhook.settings.js';
import { DEFAULT_PACING, Webhook, goalState, type WebhookPacing } from './webhook.js';

const webhookFeatures = {
  'power.on': complete,
  'power.off': complete,
  'power.cycle': partial('the answer to the query must match one of the two expressions'),
  'power.query': complete,
  'power.error-reporting': complete,
  'power.soft-off': missing(
    'there is one address to switch off; whether it asks the operating system, only its server knows',
  ),
  'power.reset': missing('there is no address for it'),
  'power.pxe-next-boot': missing('there is no address for it'),
  'power.chassis': missing('each machine has addresses of its own, and nothing lists them'),
  'power.enlistment': missing('a machine cannot find out its addresses from within'),
} as const satisfies PowerDeclaration;

/** A machine that is switched by requests to addresses of somebody's choice; parameters as in MAAS (power-drivers.md 24). */
export const webhookPower = webhookPowerType(DEFAULT_PACING);

export function webhookPowerType(pacing: WebhookPacing): AnyPowerType {
  return definePowerType({
    name: TYPE_NAME,
    title: 'Webhook',
    description: 'A machine that is switched, and asked for its state, by HTTP requests to three addresses.',
    queryable: true,
    parameters: WEBHOOK_PARAMETERS,
    features: webhookFeatures,
    schema: WebhookParametersSchema,
    open({ clock }) {
      const pool = new WebhookPool(clock);
      return {
        machine(parameters) {
          const label = `${TYPE_NAME} ${shown(parameters.power_query_uri.url)}`;
          const webhook = new Webhook(label, new WebhookClient(pool, parameters), pacing, parameters);
          const target = targetOf(parameters, label);
          return {
            label,
            controller: parameters.power_query_uri.url.origin,
            verbs: {
              powerOn: (ctx: OperationContext) => new PowerChange(ctx, webhook).bringTo('on'),
              powerOff: (ctx: OperationContext) => new PowerChange(ctx, webhook).bringTo('off'),
              cycle: (ctx: OperationContext) => new PowerChange(ctx, webhook).cycle(),
              queryPower: (ctx: CallContext) => webhook.state(ctx),
            },
            // The addresses are all there is of it.
            resolve: () => Promise.resolve(target),
            provisionalKey: () => target.key,
            plan: async (ctx, verb) => planned(verb, goalState(await webhook.state(ctx)), webhook),
            reconcile: (ctx, verb) => reconcileChange(ctx, webhook, verb),
          };
        },
        close: () => Promise.resolve(pool.close()),
      };
    },
  });
}

/** What is switched by the same two addresses is the same machine, whoever sends it, and wherever its state is read. */
function targetOf({ power_on_uri: on, power_off_uri: off }: WebhookParameters, label: string): Target {
  const identity = [on, off].map(({ url }) => {
    const address = bare(url);
    address.pathname = address.pathname.replace(/\/+$/, '');
    return shown(address);
  });
  const id = createHash('sha256').update(identity.join('\n')).digest('hex').slice(0, 24);
  return { key: targetKey(TYPE_NAME, on.url.origin, id), id, name: label };
}

/** @throws ComputeError FEATURE_LIMITED for a cycle that could not begin */
function planned(verb: PowerChangeName, state: Goal | undefined, { label }: Webhook): PlannedStep[] {
  const step = (goal: Goal): PlannedStep => ({ action: goal, description: `switch ${label} ${goal}` });
  if (verb === 'powerOn') return state === 'on' ? [] : [step('on')];
  if (verb === 'powerOff') return state === 'off' ? [] : [step('off')];
  if (state !== undefined) return state === 'on' ? [step('off'), step('on')] : [step('on')];
  throw cycleLimited(`the state of ${label} cannot be told now, and a cycle has to see it go off`);
}
