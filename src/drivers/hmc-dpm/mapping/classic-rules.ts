import type { ObservedState } from '../../../compute/state/power-state.js';
import type { ModeRules } from './mode-rules.js';
import type { NextAction, PartitionView, StepName } from './next-action.js';
import type { StepVerdict } from './step-verdict.js';

/** What of an LPAR's settings its power depends on. */
export interface LoadSettings {
  /** Does its activation profile load the operating system too? */
  readonly load_at_activation: boolean;
  /** Device that is loaded from; without it, the one that was loaded from last. */
  readonly load_address?: string | undefined;
}

/**
 * LPARs of a CPC in classic mode (hmc-dpm.md section 17). Only one thing is ever forced: deactivating an LPAR that was
 * seen to run, which is what switching it off means. Activating and loading are not, so that the HMC refuses them where an
 * operating system runs by now.
 */
export function classicRules(settings: LoadSettings): ModeRules {
  const { load_at_activation: loadsAtActivation } = settings;
  return {
    noun: 'LPAR',
    nextAction: (goal, lpar) => (goal === 'running' ? towardsRunning(lpar, settings) : towardsStopped(lpar)),
    whyNotStartable: (lpar) => (lacksLoadAddress(lpar, settings) ? NO_LOAD_ADDRESS : undefined),
    statusAfter: (step) => statusAfter(step, loadsAtActivation),
    stepVerdict: (step, { status }) => verdict(step, status, loadsAtActivation),
    showsEffect: (step, status) => {
      if (step === 'deactivate') return status === 'not-activated';
      // An LPAR that was activated without a load may be activated once more, to have one.
      return isRunning(status) || (step === 'activate' && !loadsAtActivation && status === 'not-operating');
    },
    observe: (word, observedAt) => ({ ...neutral(word), transition: null, nativeState: word, observedAt }),
  };
}

const NO_LOAD_ADDRESS =
  'it has no address to load from: it was never loaded, and classic.load_address is not set. Set it in the settings of the host, or load it once on the HMC';

const isRunning = (status: string): boolean => status === 'operating' || status === 'exceptions';

function lacksLoadAddress(lpar: PartitionView, { load_at_activation, load_address }: LoadSettings): boolean {
  const last = lpar['last-used-load-address'];
  return !load_at_activation && load_address === undefined && (last === null || last === '');
}

function towardsRunning(lpar: PartitionView, settings: LoadSettings): NextAction {
  if (isRunning(lpar.status)) return { kind: 'reached' };
  if (!isKnown(lpar.status)) return untold(lpar.status);
  if (lacksLoadAddress(lpar, settings)) return { kind: 'conflict', why: NO_LOAD_ADDRESS };
  const isLoadable = lpar.status === 'not-operating' && !settings.load_at_activation;
  return { kind: 'step', step: isLoadable ? 'load' : 'activate' };
}

function towardsStopped({ status }: PartitionView): NextAction {
  if (status === 'not-activated') return { kind: 'reached' };
  if (!isKnown(status)) return untold(status);
  return isRunning(status)
    ? { kind: 'step', step: 'deactivate', isForced: true }
    : { kind: 'step', step: 'deactivate' };
}

function isKnown(status: string): boolean {
  return isRunning(status) || status === 'not-activated' || status === 'not-operating';
}

function untold(status: string): NextAction {
  return {
    kind: 'conflict',
    why: `its status "${status}" does not say whether an operating system runs in it; look at it on the HMC, and bring it to operating or not-activated there`,
  };
}

function statusAfter(step: StepName, loadsAtActivation: boolean): string {
  if (step === 'deactivate') return 'not-activated';
  return step === 'activate' && !loadsAtActivation ? 'not-operating' : 'operating';
}

function verdict(step: StepName, status: string, loadsAtActivation: boolean): StepVerdict {
  if (!isKnown(status)) return { kind: 'wait' };
  switch (step) {
    case 'deactivate':
      return status === 'not-activated'
        ? { kind: 'done' }
        : { kind: 'lagging', why: `it was deactivated, but is ${status}; look at its tasks on the HMC, then repeat` };
    case 'activate':
      if (isRunning(status) || (status === 'not-operating' && !loadsAtActivation)) return { kind: 'done' };
      if (status === 'not-operating') return { kind: 'lagging', why: NOTHING_LOADED };
      return {
        kind: 'lagging',
        why: 'it was activated, but is not-activated; look at its activation profile and at the hardware messages on the HMC',
      };
    default:
      if (isRunning(status)) return { kind: 'done' };
      return status === 'not-operating'
        ? { kind: 'lagging', why: NOTHING_BOOTS }
        : { kind: 'failed', why: 'it is not activated any more: somebody else works on it' };
  }
}

const NOTHING_LOADED =
  'it was activated, but no operating system runs in it: its activation profile does not load one, although classic.load_at_activation says so, or what it loads does not boot. Look at the profile and at its operating system messages on the HMC';
const NOTHING_BOOTS =
  'it was loaded, but no operating system runs in it: the load address is wrong, or what is there does not boot. Look at its operating system messages on the HMC';

function neutral(status: string): Pick<ObservedState, 'powerState' | 'holdsResources'> {
  if (isRunning(status)) return { powerState: 'running' };
  switch (status) {
    case 'not-activated':
      return { powerState: 'shutdown' };
    case 'not-operating':
      return { powerState: 'shutdown', holdsResources: true };
    default:
      return { powerState: 'nostate' };
  }
}
