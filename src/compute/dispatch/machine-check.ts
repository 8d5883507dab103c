import { ComputeError, toComputeError } from '../../common/errors/index.js';
import { redactText } from '../../common/secret.js';
import type { MachineSighting, SeenState } from '../../journal/machine-store.port.js';
import type { CallContext } from '../contract/index.js';
import { machinePowerState, type ObservedState } from '../state/power-state.js';
import type { ControllerLimits } from './controller-limits.js';
import type { OpenMachine } from './power-route.js';
import { limited } from './time-limits.js';

/** How long a controller may take to answer the check on save (MAAS waits as long, power-drivers.md 0.3). */
const CHECK_TIMEOUT_MS = 30_000;

export const UNCHECKED: MachineSighting = { status: 'unchecked', error: null, seen: null };

/**
 * Asks a machine's controller for its state, to see whether its parameters are right. Never fails but when the caller's time
 * is over: what goes wrong is what is found.
 */
export async function checkMachine(
  ctx: CallContext,
  { type, machine }: OpenMachine,
  limits: ControllerLimits,
): Promise<MachineSighting> {
  const { queryPower } = machine.verbs;
  const { clock, log, outgoing } = ctx;
  if (!type.queryable || queryPower === undefined) return UNCHECKED;
  try {
    // How long it waits for its turn says nothing about the controller.
    const state = await limits.run(type.name, machine.controller, ctx.signal, () =>
      limited(clock, clock.now() + CHECK_TIMEOUT_MS, timedOut, (signal) =>
        queryPower({ clock, log, outgoing, signal: AbortSignal.any([ctx.signal, signal]) }),
      ),
    );
    return { status: 'verified', error: null, seen: seenState(state) };
  } catch (error) {
    ctx.signal.throwIfAborted();
    const { code, message } = toComputeError(error);
    return { status: 'unverified', error: { code, message: redactText(message) }, seen: null };
  }
}

export function seenState({ powerState, transition, nativeState, observedAt }: ObservedState): SeenState {
  return {
    state: machinePowerState(powerState),
    transition,
    // PostgreSQL keeps no text with a NUL in it, nor half of a character, as it is left where a text was cut.
    nativeState: nativeState.replaceAll('\0', '').replace(/\p{Cs}/gu, ''),
    observedAt,
  };
}

function timedOut(): ComputeError {
  return new ComputeError('BACKEND_TIMEOUT', `the controller did not answer within ${CHECK_TIMEOUT_MS / 1000} s`, {
    retry: 'safe',
    outcome: 'not-started',
  });
}
