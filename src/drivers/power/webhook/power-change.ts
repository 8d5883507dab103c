import { ComputeError } from '../../../common/errors/index.js';
import { pollUntil } from '../../../common/poll.js';
import type { ChangeResult, OperationContext } from '../../../compute/contract/index.js';
import type { ObservedState } from '../../../compute/state/power-state.js';
import { ACCEPTED_CHECKPOINT } from './checkpoints.js';
import type { Goal } from './webhook-client.js';
import { WebhookError } from './webhook-error.js';
import { cycleLimited, nativeOf, toWebhookComputeError, TYPE_NAME } from './webhook.errors.js';
import { goalState, type Webhook } from './webhook.js';

/** What the query showed when the looking ended. */
export type Sight =
  | { readonly kind: 'there'; readonly state: ObservedState }
  /** The other state, still or again. */
  | { readonly kind: 'opposite'; readonly state: ObservedState }
  /** Neither expression matches. */
  | { readonly kind: 'unknown'; readonly state: ObservedState }
  | { readonly kind: 'no-answer'; readonly error: WebhookError };

/** One change of one machine under way. */
export class PowerChange {
  constructor(
    private readonly ctx: OperationContext,
    private readonly webhook: Webhook,
  ) {}

  /** Brings the machine to a state: asks, sends the command unless it is there, and looks for the effect. */
  async bringTo(goal: Goal): Promise<ChangeResult> {
    const before = await this.#state();
    if (goalState(before) === goal) return { outcome: 'already', state: before };
    return { outcome: 'done', state: await this.#switchTo(goal) };
  }

  /** Off, when it is on, then on. Without a state that can be told nothing is sent: an on before the off has come would be lost. */
  async cycle(): Promise<ChangeResult> {
    const before = await this.#known();
    if (before === 'on' && goalState(await this.#switchTo('off')) !== 'off') {
      throw this.error(
        'OUTCOME_UNKNOWN',
        'the off was accepted, but the state matches neither expression since, so the on was not sent; look at the machine',
      );
    }
    try {
      return { outcome: 'done', state: await this.#switchTo('on') };
    } catch (error) {
      throw before === 'on' ? this.#afterOff(error) : error;
    }
  }

  /**
   * Looks until the state is there, or it makes no sense to ask again. That it is not there is believed of a look that began
   * when the command had had its time to show.
   *
   * @param mayTakeMs how long its request may still be under way. Whoever asks sends no more, and nobody before him does:
   *   when it was sent says less, since a step is sent after its commit, and its time is of another machine's clock
   */
  async lookFor(goal: Goal, mayTakeMs = 0): Promise<Sight> {
    const { clock } = this.ctx;
    const until = clock.now() + mayTakeMs + this.webhook.pacing.verifyTimeoutMs;
    return this.#look(`to be ${goal}`, async () => {
      const isLastLook = clock.now() >= until;
      const sight = await this.#sight(goal);
      const isOver = sight.kind === 'no-answer' && !sight.error.isTransient;
      return sight.kind === 'there' || isOver || isLastLook ? sight : undefined;
    });
  }

  /** The state after a command that was accepted; what was not seen is said to be unknown. @throws ComputeError */
  stateAfter(goal: Goal, sight: Sight): ObservedState {
    switch (sight.kind) {
      case 'there':
      case 'unknown':
        return sight.state;
      case 'opposite':
        throw this.error(
          'OPERATION_FAILED',
          `the webhook accepted to switch the machine ${goal}, but it is still ${goal === 'on' ? 'off' : 'on'} (${sight.state.nativeState}); look at the machine before you repeat it`,
        );
      case 'no-answer':
        throw this.error(
          'OUTCOME_UNKNOWN',
          `the webhook accepted to switch the machine ${goal}, but does not tell its state since (${sight.error.message}); look at the machine before you repeat it`,
          sight.error,
        );
    }
  }

  error(code: 'OPERATION_FAILED' | 'OUTCOME_UNKNOWN', what: string, cause?: WebhookError): ComputeError {
    return new ComputeError(code, `${this.webhook.label}: ${what}`, {
      driver: TYPE_NAME,
      retry: 'after-reconcile',
      outcome: 'unknown',
      ...(cause === undefined ? {} : { cause, native: nativeOf(cause) }),
    });
  }

  async #switchTo(goal: Goal): Promise<ObservedState> {
    const { ctx, webhook } = this;
    const lost = await this.#command(goal);
    if (lost === undefined) await ctx.checkpoint(ACCEPTED_CHECKPOINT, { step: goal });
    ctx.progress(`waiting for ${webhook.label} to be ${goal}`);
    const sight = await this.lookFor(goal);
    if (lost === undefined || sight.kind === 'there') return this.stateAfter(goal, sight);
    throw this.error(
      'OUTCOME_UNKNOWN',
      `the answer to the command to switch the machine ${goal} was lost or says nothing (${lost.message}), and the machine does not show it; look at it before you repeat it`,
      lost,
    );
  }

  /**
   * Sends the command, once. Nothing is where a 404 comes from, so that it is sent to the address with the other slash.
   *
   * @returns the error after which nobody knows whether it was carried out
   */
  async #command(goal: Goal): Promise<WebhookError | undefined> {
    try {
      await this.#send(goal, false);
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error;
      if (error.mayHaveRun) return error;
      if (error.status !== 404 || !this.webhook.client.hasOtherSlash(goal)) throw this.#failed(error, goal);
      return await this.#commandToOtherSlash(goal);
    }
    return undefined;
  }

  async #commandToOtherSlash(goal: Goal): Promise<WebhookError | undefined> {
    try {
      await this.#send(goal, true);
      return undefined;
    } catch (error) {
      if (error instanceof WebhookError && error.mayHaveRun) return error;
      throw this.#failed(error, goal);
    }
  }

  async #send(goal: Goal, toOtherSlash: boolean): Promise<void> {
    const { ctx, webhook } = this;
    const { requestTimeoutMs } = webhook.pacing;
    const description = `switching ${webhook.label} ${goal}`;
    await ctx.beginStep({ name: goal, description, requestTimeoutMs });
    await webhook.client.command(goal, requestTimeoutMs, ctx, toOtherSlash);
  }

  #failed(error: unknown, goal: Goal): unknown {
    return toWebhookComputeError(error, `switching ${this.webhook.label} ${goal}`);
  }

  /** The off was carried out before: a failure now does not undo it. */
  #afterOff(error: unknown): unknown {
    if (!(error instanceof ComputeError) || error.outcome === 'unknown' || this.ctx.signal.aborted) return error;
    return new ComputeError(error.code, `${error.message}. The machine had been switched off before`, {
      driver: TYPE_NAME,
      retry: 'after-reconcile',
      outcome: 'unknown',
      native: error.native,
      details: error.details,
      cause: error.cause,
      logLevel: error.logLevel,
    });
  }

  /** On or off, waited for: a machine on its way shows neither. @throws ComputeError FEATURE_LIMITED */
  async #known(): Promise<Goal> {
    const until = this.ctx.clock.now() + this.webhook.pacing.verifyTimeoutMs;
    const state = await this.#look('to tell its state', async () => {
      const seen = await this.#state();
      return goalState(seen) !== undefined || this.ctx.clock.now() >= until ? seen : undefined;
    });
    const known = goalState(state);
    if (known !== undefined) return known;
    throw cycleLimited(
      `${this.webhook.label}: its state matches neither power_on_regex nor power_off_regex (${state.nativeState}), and a cycle has to see the machine go off; correct the expressions, or switch it off and on`,
    );
  }

  /** Looks over and over until the probe ends it, which may take a last look after its moment. */
  #look<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
    const { clock, signal } = this.ctx;
    const { label, pacing } = this.webhook;
    return pollUntil(probe, {
      clock,
      signal,
      intervalMs: pacing.pollMs,
      maxIntervalMs: pacing.maxPollMs,
      timeoutMs: Number.MAX_SAFE_INTEGER,
      what: `${label} ${what}`,
    });
  }

  async #state(): Promise<ObservedState> {
    return await this.webhook.state(this.ctx);
  }

  async #sight(goal: Goal): Promise<Sight> {
    try {
      const state = await this.webhook.look(this.ctx);
      const seen = goalState(state);
      if (seen === goal) return { kind: 'there', state };
      return { kind: seen === undefined ? 'unknown' : 'opposite', state };
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error;
      return { kind: 'no-answer', error };
    }
  }
}
