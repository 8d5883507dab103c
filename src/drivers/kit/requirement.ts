import type { Requirement } from '../../compute/contract/index.js';

/** What can be said of a requirement by what a backend tells. */
export interface Judgement {
  readonly status: 'met' | 'not_met' | 'unknown';
  readonly evidence: string;
}

/** A requirement that is met. */
export function met(requirement: string, subject: string, evidence: string): Requirement {
  return { requirement, subject, status: 'met', evidence, remedy: null };
}

export function notMet(requirement: string, subject: string, evidence: string, remedy: string): Requirement {
  return { requirement, subject, status: 'not_met', evidence, remedy };
}

/** One that cannot be told. */
export function cannotTell(requirement: string, subject: string, evidence: string, remedy: string): Requirement {
  return { requirement, subject, status: 'unknown', evidence, remedy };
}

/** @param remedy of what is not met or cannot be told */
export function judged(
  requirement: string,
  subject: string,
  { status, evidence }: Judgement,
  remedy: string,
): Requirement {
  return { requirement, subject, status, evidence, remedy: status === 'met' ? null : remedy };
}
