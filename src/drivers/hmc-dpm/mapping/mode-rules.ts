import type { ObservedState } from '../../../compute/state/power-state.js';
import {
  isBootable,
  nextAction,
  NOT_BOOTABLE,
  type Goal,
  type NextAction,
  type PartitionView,
  type StepName,
} from './next-action.js';
import { observe } from './partition-status.js';
import { showsEffect, stepVerdict, type StepVerdict } from './step-verdict.js';

/** What the statuses of one kind of partition mean, and which steps lead from one to another. */
export interface ModeRules {
  readonly noun: 'partition' | 'LPAR';
  nextAction(goal: Goal, partition: PartitionView): NextAction;
  /** Why it could not be started again, if it were stopped now; undefined when nothing is in the way. */
  whyNotStartable(partition: PartitionView): string | undefined;
  /** The status that a step should end in. */
  statusAfter(step: StepName): string;
  stepVerdict(step: StepName, partition: PartitionView): StepVerdict;
  /** Does the status prove that the step, once sent, was carried out? */
  showsEffect(step: StepName, status: string): boolean;
  observe(word: string, observedAt: number): ObservedState;
}

/** Partitions of a CPC in DPM mode. */
export const DPM_RULES: ModeRules = {
  noun: 'partition',
  nextAction,
  whyNotStartable: (partition) => (isBootable(partition) ? undefined : NOT_BOOTABLE),
  statusAfter: (step) => (step === 'stop' ? 'stopped' : 'active'),
  stepVerdict,
  showsEffect,
  observe,
};
