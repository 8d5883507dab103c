import { ComputeError } from '../../../../src/common/errors/index.js';
import { machinePowerState, type InstancePowerState } from '../../../../src/compute/state/power-state.js';
import { answered, ensure, hasFields } from '../../checks.js';
import type { Answer, VirtSubject } from '../../subject.js';

/** Where an instance has to be, and how. */
export interface Expected {
  readonly state: InstancePowerState;
  /** Default: the host of the subject. */
  readonly host?: string;
  /** The state before, to tell no effect from a wrong one. */
  readonly was?: InstancePowerState;
}

/** Looks at an instance in every way that there is: at its backend, and through every method that tells of it. */
export async function isInState(subject: VirtSubject, instance: string, expected: Expected): Promise<void> {
  const { state, host = subject.host, was } = expected;
  const there = subject.atBackend(instance);
  const isThere = there?.state === state && there.host === host;
  const isAsBefore = there !== undefined && there.state === (was ?? state) && there.host === subject.host;
  const seen = there === undefined ? 'not there' : `${there.state} at ${there.host}`;
  ensure(
    isThere,
    isAsBefore ? 'no-effect' : 'wrong-effect',
    `the backend has to have ${instance} ${state} at ${host}; there it is ${seen}`,
  );
  hasFields(
    await listed(subject, host, instance),
    { power_state: state },
    `compute.list_instances of ${instance}`,
    'contradiction',
  );
  const info = await unlessUnsupported(subject.call('compute.get_info', { host, instance }));
  if (info !== undefined) {
    hasFields(info, { name: instance, power_state: state, transition: null }, 'compute.get_info', 'contradiction');
  }
  const power = await answered(subject, 'power.query', { host, instance });
  hasFields(power, { state: machinePowerState(state), transition: null }, 'power.query', 'contradiction');
}

/** The instance in the list of its host. */
export async function listed(subject: VirtSubject, host: string, instance: string): Promise<Answer> {
  const found = (await instancesOf(subject, host)).find(({ name }) => name === instance);
  ensure(found !== undefined, 'contradiction', `compute.list_instances of ${host} does not list ${instance}`);
  return found;
}

export async function instancesOf(subject: VirtSubject, host: string): Promise<readonly Answer[]> {
  const { instances } = await answered(subject, 'compute.list_instances', { host });
  return instances as readonly Answer[];
}

/** Undefined where the driver does not offer it. */
async function unlessUnsupported(work: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ComputeError && error.code === 'FEATURE_UNSUPPORTED') return undefined;
    throw error;
  }
}
