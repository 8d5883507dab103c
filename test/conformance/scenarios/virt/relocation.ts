import type { MethodName } from '../../../../src/compute/contract/index.js';
import type { InstancePowerState } from '../../../../src/compute/state/power-state.js';
import { eventually } from '../../../support/eventually.js';
import { already, answered, ensure, hasFields, planned, text } from '../../checks.js';
import { Nonconformance } from '../../scenario.js';
import type { Answer, VirtSubject } from '../../subject.js';
import { instancesOf, isInState } from './instance-state.js';
import { requestOf } from './requests.js';
import type { Virt } from './spawning.js';
import { isRefused, nobody } from './state-changes.js';

export const liveMigrateScenarios: readonly Virt[] = [
  ...moves('compute.live_migrate', 'running'),
  {
    word: 'wrong-state',
    title: 'is refused for an instance that does not run, which stays where it is',
    run: (subject) => isRefused(subject, 'shutdown', 'compute.live_migrate', 'STATE_CONFLICT'),
  },
];

export const evacuateScenarios: readonly Virt[] = [
  ...moves('compute.evacuate', 'shutdown'),
  {
    word: 'host',
    title: 'sets every instance of a host up on another one, each in the state that it was in',
    async run(subject) {
      const { name: host, running, shutdown } = await subject.wholeHost();
      const { destination } = subject;
      const answer = await answered(subject, 'compute.evacuate', { host, destination });
      await isInState(subject, running, { state: 'running', host: destination });
      await isInState(subject, shutdown, { state: 'shutdown', host: destination });
      hasFields(answer, { outcome: 'done', host, children: 2 }, 'compute.evacuate');
      const left = await instancesOf(subject, host);
      ensure(left.length === 0, 'contradiction', `${host} was evacuated, and lists ${left.length} instances`);
    },
  },
];

export const forceCompleteScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'brings a migration that does not end by itself to its end',
    async run(subject) {
      const { host, destination } = subject;
      const { instance, operation } = await busyMigration(subject);
      const answer = await answered(subject, 'compute.live_migration_force_complete', { host, instance });
      hasFields(answer, { operation_id: operation }, 'compute.live_migration_force_complete');
      hasFields(await ended(subject, operation), { state: 'done', error: null }, 'the migration');
      await isInState(subject, instance, { state: 'running', host: destination });
    },
  },
  noMigration('compute.live_migration_force_complete'),
];

export const abortScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'ends a migration, and the instance runs on where it was',
    async run(subject) {
      const { host, destination } = subject;
      const { instance, operation } = await busyMigration(subject);
      const answer = await answered(subject, 'compute.live_migration_abort', { host, instance });
      await isInState(subject, instance, { state: 'running' });
      hasFields(answer, { operation_id: operation, state: 'cancelled' }, 'compute.live_migration_abort');
      const there = await instancesOf(subject, destination);
      ensure(!there.some(({ name }) => name === instance), 'contradiction', `${destination} lists ${instance}`);
    },
  },
  {
    word: 'afterwards',
    title: 'leaves an instance that can be migrated again',
    async run(subject) {
      const { host } = subject;
      const { instance } = await busyMigration(subject);
      await answered(subject, 'compute.live_migration_abort', { host, instance });
      const again = await begin(subject, instance);
      await answered(subject, 'compute.live_migration_abort', { host, instance });
      hasFields(await ended(subject, again), { state: 'cancelled' }, 'the second migration');
    },
  },
  noMigration('compute.live_migration_abort'),
];

/** What is asked of every method that takes an instance to another host. */
function moves(method: MethodName, state: InstancePowerState): Virt[] {
  return [
    {
      word: 'effect',
      title: `takes an instance that is ${state} to another host, where it is ${state}`,
      async run(subject) {
        const { destination, host } = subject;
        const instance = await subject.instance(state);
        const answer = await answered(subject, method, requestOf(method, subject, instance));
        await isInState(subject, instance, { state, host: destination });
        hasFields(answer, { outcome: 'done', host: destination, power_state: state }, method);
        const left = await instancesOf(subject, host);
        ensure(!left.some(({ name }) => name === instance), 'contradiction', `${host} still lists ${instance}`);
      },
    },
    {
      word: 'again',
      title: 'says "already" of an instance that is there, and changes nothing',
      async run(subject) {
        const instance = await subject.instance(state);
        await answered(subject, method, requestOf(method, subject, instance));
        await already(subject, method, requestOf(method, subject, instance), { host: subject.destination });
      },
    },
    {
      word: 'plan',
      title: 'says what it would do, and does nothing',
      async run(subject) {
        const instance = await subject.instance(state);
        await planned(subject, method, requestOf(method, subject, instance));
        await isInState(subject, instance, { state });
      },
    },
    nobody(method),
  ];
}

function noMigration(method: MethodName): Virt {
  return {
    word: 'none',
    title: 'is refused when nothing migrates',
    run: (subject) => isRefused(subject, 'running', method, 'STATE_CONFLICT'),
  };
}

/** A live migration that is under way, and goes on until it is told to end. */
async function begin(subject: VirtSubject, instance: string): Promise<unknown> {
  const { operation_id: operation } = await answered(subject, 'compute.live_migrate', {
    ...requestOf('compute.live_migrate', subject, instance),
    wait: 'accepted',
  });
  const isUnderWay = ({ progress }: Answer): boolean =>
    progress !== null && Number((progress as Answer)['percent']) > 0;
  const view = await until(subject, operation, 'is not under way', (view) => isOver(view) || isUnderWay(view));
  ensure(!isOver(view), 'no-effect', `the migration has ended by itself: ${text(view)}`);
  return operation;
}

async function busyMigration(subject: VirtSubject): Promise<{ instance: string; operation: unknown }> {
  const instance = await subject.busyInstance();
  return { instance, operation: await begin(subject, instance) };
}

/** An operation once it is over. */
function ended(subject: VirtSubject, operation: unknown): Promise<Answer> {
  return until(subject, operation, 'does not end', isOver, subject.patienceMs);
}

function isOver({ state }: Answer): boolean {
  return ['done', 'failed', 'cancelled'].includes(String(state));
}

async function until(
  subject: VirtSubject,
  operation: unknown,
  otherwise: string,
  isSo: (view: Answer) => boolean,
  patienceMs?: number,
): Promise<Answer> {
  let latest: Answer = {};
  const look = async (): Promise<boolean> => {
    latest = await answered(subject, 'operation.get', { operation_id: operation });
    return isSo(latest);
  };
  try {
    await eventually(look, 'the migration', patienceMs);
  } catch (error) {
    throw new Nonconformance('no-effect', `the migration ${otherwise}: ${text(latest)}`, error);
  }
  return latest;
}
