import type { ErrorCode } from '../../../../src/common/errors/index.js';
import { ComputeError } from '../../../../src/common/errors/index.js';
import { answered, ensure, refused, text } from '../../checks.js';
import { Nonconformance, type FeatureScenario } from '../../scenario.js';
import type { Answer, VirtSubject } from '../../subject.js';
import { instancesOf, isInState } from './instance-state.js';

export type Virt = FeatureScenario<VirtSubject>;

/** A description of an instance: its name, its size, and these fields. */
export function description(subject: VirtSubject, fields: object = {}) {
  const { host, values } = subject;
  return { host, name: subject.freshName(), flavor: values.flavor, ...fields };
}

/** An instance of its own, made of a description. */
export async function spawned(subject: VirtSubject, fields: object = {}): Promise<{ name: string; answer: Answer }> {
  const request = description(subject, fields);
  const answer = await answered(subject, 'compute.spawn', request);
  return { name: request.name, answer };
}

/** A scenario in which an instance is made with fields that use the feature. */
export function spawning<Fields extends object>(
  word: string,
  title: string,
  fields: (subject: VirtSubject) => Fields,
  check: (subject: VirtSubject, instance: string, fields: Fields) => Promise<void>,
): Virt {
  return {
    word,
    title,
    needs: ['operation.launch'],
    async run(subject) {
      const its = fields(subject);
      const { name } = await spawned(subject, its);
      await isInState(subject, name, { state: 'running' });
      await check(subject, name, its);
    },
  };
}

/** A scenario in which an instance cannot be made, and nothing is left of it. */
export function notSpawning(
  word: string,
  title: string,
  fields: (subject: VirtSubject) => object,
  code: ErrorCode | null,
): Virt {
  return {
    word,
    title,
    needs: ['operation.launch'],
    run: (subject) => isNotSpawned(subject, fields(subject), code),
  };
}

/**
 * An instance cannot be made with these fields, and nothing is left of it.
 *
 * @param code null: whichever
 */
export async function isNotSpawned(subject: VirtSubject, fields: object, code: ErrorCode | null): Promise<void> {
  const request = description(subject, fields);
  if (code === null) await failed(subject, request);
  else await refused(subject, 'compute.spawn', request, code);
  await isNotThere(subject, request.name);
}

/** Neither the backend nor any method knows of it. */
export async function isNotThere(subject: VirtSubject, name: string): Promise<void> {
  const { host } = subject;
  ensure((await subject.atBackend(name)) === undefined, 'no-effect', `the backend must not have ${name}`);
  const there = await instancesOf(subject, host);
  ensure(!there.some((one) => one['name'] === name), 'contradiction', `compute.list_instances lists ${name}`);
  await refused(subject, 'power.query', { host, instance: name }, 'INSTANCE_NOT_FOUND');
}

/** With whichever code, but sure that nothing has come of it. */
async function failed(subject: VirtSubject, request: object): Promise<void> {
  try {
    await subject.call('compute.spawn', request);
  } catch (error) {
    if (error instanceof ComputeError && error.code === 'FEATURE_UNSUPPORTED') {
      throw new Nonconformance('wrong-error', 'it is refused as if nothing of the kind were offered', error);
    }
    const isClear = error instanceof ComputeError && ['not-applied', 'not-started'].includes(error.outcome);
    if (isClear) return;
    throw new Nonconformance('wrong-error', `it is not said that nothing came of it: ${String(error)}`, error);
  }
  throw new Nonconformance('not-refused', `compute.spawn ${text(request)} must fail`);
}
