import { isDeepStrictEqual } from 'node:util';
import { ComputeError, type ErrorCode } from '../../src/common/errors/index.js';
import type { MethodName } from '../../src/compute/contract/index.js';
import { Nonconformance, type Reason } from './scenario.js';
import type { Answer, Subject } from './subject.js';

/** @throws Nonconformance unless it is so */
export function ensure(isSo: boolean, reason: Reason, message: string): asserts isSo {
  if (!isSo) throw new Nonconformance(reason, message);
}

/** A request that has to succeed. */
export async function answered(subject: Subject, method: MethodName, params: object): Promise<Answer> {
  try {
    return await subject.call(method, params);
  } catch (error) {
    throw new Nonconformance('failure', `${method} ${text(params)} failed: ${String(error)}`, error);
  }
}

/** A request that only looks; undefined where the driver does not offer it. */
export async function ifOffered(subject: Subject, method: MethodName, params: object): Promise<Answer | undefined> {
  try {
    return await subject.call(method, params);
  } catch (error) {
    if (error instanceof ComputeError && error.code === 'FEATURE_UNSUPPORTED') return undefined;
    throw error;
  }
}

/** A request that has to be refused, with this code. */
export async function refused(
  subject: Subject,
  method: MethodName,
  params: object,
  code: ErrorCode,
): Promise<ComputeError> {
  const what = `${method} ${text(params)}`;
  let answer: Answer;
  try {
    answer = await subject.call(method, params);
  } catch (error) {
    if (error instanceof ComputeError && error.code === code) return error;
    throw new Nonconformance('wrong-error', `${what} has to be refused with ${code}, not: ${String(error)}`, error);
  }
  throw new Nonconformance('not-refused', `${what} has to be refused with ${code}; it answered ${text(answer)}`);
}

/** Lets nothing reach the backend meanwhile. */
export async function silent<T>(subject: Subject, what: string, work: () => Promise<T>): Promise<T> {
  const before = subject.wire.requests().length;
  const result = await work();
  const sent = subject.wire.requests().slice(before);
  ensure(sent.length === 0, 'traffic', `${what} must send nothing to the backend; it sent ${sent.join(', ')}`);
  return result;
}

/** Lets nothing be changed at the backend meanwhile; it may be asked. */
export async function unchanged<T>(subject: Subject, what: string, work: () => Promise<T>): Promise<T> {
  const before = subject.wire.changes().length;
  const result = await work();
  const sent = subject.wire.changes().slice(before);
  ensure(
    sent.length === 0,
    'needless-change',
    `${what} must change nothing at the backend; it sent ${sent.join(', ')}`,
  );
  return result;
}

/** A request for what is so already: the answer says that, with these fields, and nothing is changed. */
export async function already(
  subject: Subject,
  method: MethodName,
  params: object,
  fields: Answer = {},
): Promise<void> {
  const answer = await unchanged(subject, `${method} of what is so already`, () => answered(subject, method, params));
  hasFields(answer, { outcome: 'already', ...fields }, method);
}

/** A request that is only planned: the answer says what would be done, and nothing is changed. */
export async function planned(subject: Subject, method: MethodName, params: object): Promise<void> {
  const answer = await unchanged(subject, `${method} with plan`, () =>
    answered(subject, method, { ...params, plan: true }),
  );
  hasFields(answer, { outcome: 'planned' }, method);
  const { steps } = answer;
  ensure(Array.isArray(steps) && steps.length > 0, 'wrong-answer', `${method} with plan names no step`);
}

/** The fields that an answer has to have, among others. */
export function hasFields(answer: Answer, fields: Answer, what: string, reason: Reason = 'wrong-answer'): void {
  for (const [name, value] of Object.entries(fields)) {
    ensure(
      isDeepStrictEqual(answer[name], value),
      reason,
      `${what}: ${name} has to be ${text(value)}, not ${text(answer[name])}`,
    );
  }
}

export function text(value: unknown): string {
  return value === undefined ? 'absent' : JSON.stringify(value);
}
