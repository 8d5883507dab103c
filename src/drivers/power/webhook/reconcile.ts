import { ComputeError } from '../../../common/errors/index.js';
import type { OperationContext, PowerChangeName, Reconciliation } from '../../../compute/contract/index.js';
import { lastStep } from './checkpoints.js';
import { PowerChange } from './power-change.js';
import { toWebhookComputeError } from './webhook.errors.js';
import type { Webhook } from './webhook.js';

/**
 * Finds out what became of an operation by the last command that it was about to send, and the state now. A webhook may
 * stand for a button that toggles, so a command that may have arrived is never sent again.
 */
export async function reconcileChange(
  ctx: OperationContext,
  webhook: Webhook,
  verb: PowerChangeName,
): Promise<Reconciliation> {
  const last = lastStep(ctx.checkpoints);
  if (last === undefined) return { verdict: 'continue' };
  const change = new PowerChange(ctx, webhook);
  const { goal, mayTakeMs, isAccepted } = last;
  const isLast = verb !== 'cycle' || goal === 'on';
  const sight = await change.lookFor(goal, mayTakeMs);
  if (sight.kind === 'there') {
    return isLast ? { verdict: 'concluded', result: { outcome: 'done', state: sight.state } } : { verdict: 'continue' };
  }
  // Whoever asked may ask again: the webhook said nothing about the outcome.
  if (sight.kind === 'no-answer') throw toWebhookComputeError(sight.error, `looking at ${webhook.label}`);
  if (isAccepted && isLast) {
    try {
      return { verdict: 'concluded', result: { outcome: 'done', state: change.stateAfter(goal, sight) } };
    } catch (error) {
      if (!(error instanceof ComputeError)) throw error;
      return { verdict: 'failed', error };
    }
  }
  const what = isAccepted ? 'was accepted' : 'may have been sent';
  return {
    verdict: 'unknown',
    reason: `${webhook.label}: the command to switch the machine ${goal} ${what}, and the machine does not show it (${sight.state.nativeState}); look at it before you repeat it`,
  };
}
