import type { ErrorCode } from '../../../../src/common/errors/index.js';
import type { MethodName } from '../../../../src/compute/contract/index.js';
import type { InstancePowerState } from '../../../../src/compute/state/power-state.js';
import { already, answered, ensure, hasFields, planned, refused, unchanged } from '../../checks.js';
import type { VirtSubject } from '../../subject.js';
import { isInState } from './instance-state.js';
import { requestOf } from './requests.js';
import type { Virt } from './spawning.js';

/** A method that brings an instance from one state to another. */
export interface StateChange {
  readonly method: MethodName;
  readonly from: InstancePowerState;
  readonly to: InstancePowerState;
  /** A state from which it cannot begin. */
  readonly conflictsWith?: InstancePowerState;
}

/** What is asked of every method that brings an instance to a state. */
export function stateChangeScenarios(change: StateChange): Virt[] {
  const { method, from, to, conflictsWith } = change;
  return [
    {
      word: 'effect',
      title: `makes an instance that is ${from} ${to}, as the backend and every other method tell`,
      run: (subject) => takesEffect(subject, change),
    },
    {
      word: 'again',
      title: `says "already" of an instance that is ${to}, and changes nothing`,
      async run(subject) {
        const instance = await subject.instance(to);
        await already(subject, method, { host: subject.host, instance }, { power_state: to });
        await isInState(subject, instance, { state: to });
      },
    },
    {
      word: 'plan',
      title: 'says what it would do, and does nothing',
      run: (subject) => plans(subject, change),
    },
    nobody(method),
    ...(conflictsWith === undefined ? [] : [conflict(method, conflictsWith)]),
  ];
}

/** `operation.reboot`: it ends where it began, so that only the backend can tell. */
export const rebootScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'stops and starts an instance that runs',
    async run(subject) {
      const instance = await subject.instance('running');
      const before = subject.wire.changes().length;
      const answer = await answered(subject, 'compute.reboot', { host: subject.host, instance });
      ensure(subject.wire.changes().length > before, 'no-effect', `nothing was sent to reboot ${instance}`);
      await isInState(subject, instance, { state: 'running' });
      hasFields(answer, { outcome: 'done', power_state: 'running' }, 'compute.reboot');
    },
  },
  {
    word: 'from-shutdown',
    title: 'starts an instance that is shut down',
    run: (subject) => takesEffect(subject, { method: 'compute.reboot', from: 'shutdown', to: 'running' }),
  },
  {
    word: 'soft',
    title: 'lets the operating system of an instance shut down, and starts it again',
    async run(subject) {
      const instance = await subject.instance('running', 'with-guest');
      const before = subject.wire.changes().length;
      const request = { host: subject.host, instance, type: 'soft' };
      const answer = await answered(subject, 'compute.reboot', request);
      ensure(subject.wire.changes().length > before, 'no-effect', `nothing was sent to reboot ${instance}`);
      await isInState(subject, instance, { state: 'running' });
      hasFields(answer, { outcome: 'done', power_state: 'running' }, 'compute.reboot');
    },
  },
  {
    word: 'again',
    title: 'reboots again when it is asked again: a running instance is never "already"',
    async run(subject) {
      const instance = await subject.instance('running');
      for (const time of ['first', 'second']) {
        const before = subject.wire.changes().length;
        const answer = await answered(subject, 'compute.reboot', { host: subject.host, instance });
        ensure(subject.wire.changes().length > before, 'no-effect', `nothing was sent for the ${time} reboot`);
        hasFields(answer, { outcome: 'done', power_state: 'running' }, 'compute.reboot');
      }
    },
  },
  {
    word: 'plan',
    title: 'says what it would do, and does nothing',
    run: (subject) => plans(subject, { method: 'compute.reboot', from: 'running', to: 'running' }),
  },
  nobody('compute.reboot'),
];

async function takesEffect(subject: VirtSubject, { method, from, to }: StateChange): Promise<void> {
  const instance = await subject.instance(from);
  const answer = await answered(subject, method, { host: subject.host, instance });
  await isInState(subject, instance, { state: to, was: from });
  hasFields(answer, { outcome: 'done', power_state: to, transition: null }, method);
  ensure(typeof answer['operation_id'] === 'string', 'wrong-answer', `${method} names no operation`);
}

async function plans(subject: VirtSubject, { method, from }: StateChange): Promise<void> {
  const instance = await subject.instance(from);
  await planned(subject, method, { host: subject.host, instance });
  await isInState(subject, instance, { state: from });
}

function conflict(method: MethodName, state: InstancePowerState): Virt {
  return {
    word: 'wrong-state',
    title: `is refused for an instance that is ${state}, which stays as it is`,
    run: (subject) => isRefused(subject, state, method, 'STATE_CONFLICT'),
  };
}

/** What is asked of a method that needs a guest which runs. */
export function needsGuest(method: MethodName, more: object = {}): Virt {
  return {
    word: 'wrong-state',
    title: 'is refused for an instance that does not run',
    run: (subject) => isRefused(subject, 'shutdown', method, 'STATE_CONFLICT', more),
  };
}

/** What is asked of every method about an instance: one that is not there is not found, and nothing is changed. */
export function nobody(method: MethodName, more: object = {}): Virt {
  return {
    word: 'nobody',
    title: 'finds no instance of a name that nobody has',
    async run(subject) {
      const request = { ...requestOf(method, subject, subject.values.nobody), ...more };
      await unchanged(subject, `${method} of nobody`, () => refused(subject, method, request, 'INSTANCE_NOT_FOUND'));
    },
  };
}

/**
 * A request about an instance in this state has to be refused with this code, and the instance stays as it is.
 *
 * @param more fields beside those that every request of the method has
 */
export async function isRefused(
  subject: VirtSubject,
  state: InstancePowerState,
  method: MethodName,
  code: ErrorCode,
  more: object = {},
): Promise<void> {
  const instance = await subject.instance(state);
  const request = { ...requestOf(method, subject, instance), ...more };
  await unchanged(subject, `${method} of what is ${state}`, () => refused(subject, method, request, code));
  await isInState(subject, instance, { state });
}
