import type { Scenario as Evidenced } from '../../src/features/index.js';

/** Why a driver does not conform; the tests of the suite itself look for the right one. */
export type Reason =
  /** The answer is not what the contract says. */
  | 'wrong-answer'
  /** Success was answered, and nothing happened at the backend. */
  | 'no-effect'
  /** Something else happened than what was asked for. */
  | 'wrong-effect'
  /** The driver's own methods contradict each other, or the backend. */
  | 'contradiction'
  /** What should be refused was done, or answered as if. */
  | 'not-refused'
  /** Refused, or failed, with another error than the contract says. */
  | 'wrong-error'
  /** What should work was refused, or failed. */
  | 'failure'
  /** Requests reached the backend where none may. */
  | 'traffic'
  /** Something was changed at the backend where nothing may. */
  | 'needless-change';

/** A driver, or its backend, does not do what the contract says. */
export class Nonconformance extends Error {
  constructor(
    readonly reason: Reason,
    message: string,
    cause?: unknown,
  ) {
    super(`${reason}: ${message}`, cause === undefined ? undefined : { cause });
    this.name = 'Nonconformance';
  }
}

/** One thing that the suite asks of a driver. It throws a {@link Nonconformance} when the driver does not do it. */
export interface Scenario<Subject> {
  /** `<feature>/<word>`: unique for a driver, and kept in its evidence. */
  readonly id: string;
  readonly feature: string;
  readonly kind: Evidenced['kind'];
  /** What is true when it passes. */
  readonly title: string;
  readonly run: (subject: Subject) => Promise<void>;
}

/** A scenario that a feature has for every driver that offers it. */
export interface FeatureScenario<Subject> {
  readonly word: string;
  readonly title: string;
  /** Features that it is done with besides; without one of them it is not asked. */
  readonly needs?: readonly string[];
  readonly run: (subject: Subject) => Promise<void>;
}
