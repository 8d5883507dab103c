import type { PlannedStep } from '../../../compute/contract/index.js';
import type { ModeRules } from './mode-rules.js';
import { GOALS, type NextAction, type PartitionView, type PowerChange } from './next-action.js';

/** Why an operation cannot even begin; undefined when it can. A reboot must not stop what it cannot start again. */
export function obstacle(rules: ModeRules, change: PowerChange, partition: PartitionView): string | undefined {
  const first = rules.nextAction(GOALS[change][0], partition);
  if (first.kind === 'conflict') return first.why;
  return change === 'reboot' ? rules.whyNotStartable(partition) : undefined;
}

/** The steps an operation would take now; nothing when the goal is reached. Conflicts are for {@link obstacle}. */
export function plannedSteps(rules: ModeRules, change: PowerChange, partition: PartitionView): PlannedStep[] {
  const steps: PlannedStep[] = [];
  let { status } = partition;
  for (const goal of GOALS[change]) {
    for (;;) {
      const action = rules.nextAction(goal, { ...partition, status });
      if (action.kind === 'reached' || action.kind === 'conflict') break;
      const planned = describe(rules, action, `${rules.noun} ${partition.name}`);
      steps.push(planned.step);
      status = planned.status;
    }
  }
  return steps;
}

function describe(
  rules: ModeRules,
  action: Extract<NextAction, { kind: 'wait' | 'step' }>,
  what: string,
): { step: PlannedStep; status: string } {
  if (action.kind === 'wait') {
    const isStarting = action.transition === 'starting';
    return {
      step: { action: 'wait', description: `wait until ${what} is ${isStarting ? 'started' : 'stopped'}` },
      status: isStarting ? 'active' : 'stopped',
    };
  }
  const { step } = action;
  return { step: { action: step, description: `${step} ${what}` }, status: rules.statusAfter(step) };
}
