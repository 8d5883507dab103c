import { machinePowerState, type InstancePowerState } from '../../../../src/compute/state/power-state.js';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { answered, ensure, hasFields, ifOffered, text } from '../../checks.js';
import { Nonconformance } from '../../scenario.js';
import type { Answer, BackendInstance, BackendInterface, BackendVolume, VirtSubject } from '../../subject.js';

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
  const there = await subject.atBackend(instance);
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
  const info = await ifOffered(subject, 'compute.get_info', { host, instance });
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

/** An instance as its backend has it. */
export async function atBackend(subject: VirtSubject, instance: string): Promise<BackendInstance> {
  const there = await subject.atBackend(instance);
  ensure(there !== undefined, 'no-effect', `the backend has no ${instance}`);
  return there;
}

/** What the backend has of an instance has to be so; what it does not show cannot be proven. */
export async function backendHas(
  subject: VirtSubject,
  instance: string,
  expected: Partial<BackendInstance>,
): Promise<void> {
  isLike(await atBackend(subject, instance), expected, instance);
}

/** The same of what a guest does in its own time, and the backend shows then. */
export async function backendGets(
  subject: VirtSubject,
  instance: string,
  expected: Partial<BackendInstance>,
): Promise<void> {
  const endsAt = Date.now() + (subject.patienceMs ?? 0);
  for (;;) {
    try {
      return await backendHas(subject, instance, expected);
    } catch (error) {
      if (!(error instanceof Nonconformance) || Date.now() > endsAt) throw error;
      await delay(10);
    }
  }
}

export async function volumeAt(subject: VirtSubject, instance: string, id: string): Promise<BackendVolume | undefined> {
  const { volumes } = await atBackend(subject, instance);
  return volumes?.find((volume) => volume.id === id);
}

/** A volume that the instance has to have, like this. */
export async function hasVolume(
  subject: VirtSubject,
  instance: string,
  id: string,
  expected: Partial<BackendVolume> = {},
): Promise<BackendVolume> {
  const volume = await volumeAt(subject, instance, id);
  ensure(volume !== undefined, 'no-effect', `the backend has ${instance} without the volume ${id}`);
  isLike(volume, expected, `the volume ${id} of ${instance}`);
  return volume;
}

/** The only interface that the instance has on a network, like this. */
export async function hasInterface(
  subject: VirtSubject,
  instance: string,
  network: string,
  expected: Partial<BackendInterface> = {},
): Promise<BackendInterface> {
  const { interfaces = [] } = await atBackend(subject, instance);
  const all = interfaces.filter((one) => one.network === network);
  const [only] = all;
  ensure(only !== undefined, 'no-effect', `the backend has ${instance} without an interface on ${network}`);
  ensure(all.length === 1, 'wrong-effect', `the backend has ${instance} with ${all.length} interfaces on ${network}`);
  isLike(only, expected, `the interface of ${instance} on ${network}`);
  return only;
}

function isLike(seen: object, expected: object, what: string): void {
  for (const [name, value] of Object.entries(expected)) {
    const its: unknown = Reflect.get(seen, name);
    ensure(
      isDeepStrictEqual(its, value),
      'no-effect',
      `the backend has to have ${what} with ${name} ${text(value)}, not ${text(its)}`,
    );
  }
}
