import { makeSo } from '../../kit/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { nextAction, type Goal, type StepName } from '../mapping/next-action.js';
import type { DomainChange } from './domain-change.js';
import { stateOf } from './domain-change.js';

/** How often the state may turn out to be another than the one just read before we give up. */
const MAX_TURNS = 10;

/** The domain at its goal, and whether anything was sent to bring it there. */
export interface Brought {
  readonly status: DomainStatus;
  readonly hasActed: boolean;
}

const DOING: Readonly<Record<StepName, string>> = {
  start: 'starting',
  resume: 'resuming',
  destroy: 'destroying',
  'drop-memory': 'dropping the saved memory of',
};

/** As it is told of when something that follows fails. */
const NOUNS: Readonly<Record<StepName, string>> = {
  start: 'start',
  resume: 'end of the pause',
  destroy: 'stop of the domain',
  'drop-memory': 'removal of the saved memory',
};

/**
 * Brings a domain to a goal: looks, takes a step, and looks again. A start that was carried out is the last step: a guest that
 * has ended again is not started anew.
 *
 * @param known its state, when it was read this moment
 * @throws ComputeError STATE_CONFLICT, OPERATION_FAILED, and as `settle`
 */
export async function bringTo(change: DomainChange, goal: Goal, known?: DomainStatus): Promise<Brought> {
  let status = known ?? (await change.look());
  let hasActed = false;
  let hasStarted = false;
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    const action = nextAction(goal, status);
    switch (action.kind) {
      case 'reached':
        return { status, hasActed };
      case 'conflict':
        throw change.error(
          'STATE_CONFLICT',
          `${change.label} cannot be ${goal === 'running' ? 'started' : 'stopped'}: ${action.why}`,
          nativeState(status),
        );
      case 'wait':
        status = await waitOut(change, status, action.why);
        break;
      case 'step':
        if (hasStarted) throw endedAgain(change, status);
        if (await take(change, action.step)) hasActed = true;
        hasStarted = action.step === 'start';
        status = await change.look();
    }
  }
  throw change.error(
    'STATE_CONFLICT',
    `the state of ${change.label} kept changing while it was to be ${goal}: somebody else works on it. Repeat it when they are done`,
    nativeState(status),
  );
}

/** Sends one step, unless it shows already. @returns whether anything was sent */
async function take(change: DomainChange, step: StepName): Promise<boolean> {
  const { domains, uuid } = change;
  const send: Record<StepName, (timeoutMs: number) => Promise<void>> = {
    start: (timeoutMs) => domains.start(uuid, { timeoutMs }),
    resume: (timeoutMs) => domains.resume(uuid, timeoutMs),
    destroy: (timeoutMs) => domains.destroy(uuid, timeoutMs),
    'drop-memory': (timeoutMs) => domains.dropSavedMemory(uuid, timeoutMs),
  };
  const isSo = async (): Promise<boolean> => {
    const next = nextAction(step === 'start' || step === 'resume' ? 'running' : 'shut off', await change.look());
    return next.kind !== 'step' || next.step !== step;
  };
  return await makeSo(change, {
    step,
    noun: NOUNS[step],
    doing: `${DOING[step]} ${change.label}`,
    isSo,
    send: async (timeoutMs) => {
      await send[step](timeoutMs);
      return true;
    },
  });
}

async function waitOut(change: DomainChange, before: DomainStatus, why: string): Promise<DomainStatus> {
  const { ctx, label, backend } = change;
  ctx.progress(`waiting for ${label}: ${why}`);
  return await change.poll(`${label} to come to rest (${why})`, backend.pacing.poll.initialMs, async () => {
    const status = await change.look();
    return status.state === before.state && status.reason === before.reason ? undefined : status;
  });
}

function endedAgain(change: DomainChange, status: DomainStatus): Error {
  return change.error(
    'OPERATION_FAILED',
    `${change.label} was started and has ended again by itself (${nativeState(status)}); its console log may say why`,
    nativeState(status),
  );
}

function nativeState(status: DomainStatus): string {
  return stateOf(status, 0).nativeState;
}
