import type { CallContext } from '../../../compute/contract/index.js';
import type { ObservedState } from '../../../compute/state/power-state.js';
import type { Goal, WebhookClient } from './webhook-client.js';
import { toWebhookComputeError } from './webhook.errors.js';
import type { WebhookParameters } from './webhook.settings.js';

/** How long and how often to wait. */
export interface WebhookPacing {
  /** For one request that switches the machine; a query has as long, redirects included. */
  readonly requestTimeoutMs: number;
  /** How long an accepted command may take to show. */
  readonly verifyTimeoutMs: number;
  readonly pollMs: number;
  readonly maxPollMs: number;
}

/** A machine takes longer than the 35 s after which MAAS gives up. */
export const DEFAULT_PACING: WebhookPacing = {
  requestTimeoutMs: 30_000,
  verifyTimeoutMs: 60_000,
  pollMs: 500,
  maxPollMs: 5000,
};

/** The webhook of one machine: what it is called, and what it says. */
export class Webhook {
  constructor(
    readonly label: string,
    readonly client: WebhookClient,
    readonly pacing: WebhookPacing,
    private readonly parameters: WebhookParameters,
  ) {}

  /** The state now. @throws WebhookError */
  async look(ctx: CallContext): Promise<ObservedState> {
    const answer = await this.client.query(this.pacing.requestTimeoutMs, ctx);
    const { power_on_regex: on, power_off_regex: off } = this.parameters;
    // In MAAS's order: an answer that matches both is on.
    const powerState = on.isIn(answer) ? 'running' : off.isIn(answer) ? 'shutdown' : 'nostate';
    return { powerState, transition: null, nativeState: this.client.quote(answer), observedAt: ctx.clock.now() };
  }

  /** The same. @throws ComputeError */
  async state(ctx: CallContext): Promise<ObservedState> {
    try {
      return await this.look(ctx);
    } catch (error) {
      throw toWebhookComputeError(error, `reading the state of ${this.label}`);
    }
  }
}

/** Undefined when the state cannot be told. */
export function goalState({ powerState }: ObservedState): Goal | undefined {
  switch (powerState) {
    case 'running':
      return 'on';
    case 'shutdown':
      return 'off';
    default:
      return undefined;
  }
}
