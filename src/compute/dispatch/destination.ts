import { ChangeFields, PowerTargetFields } from '../contract/index.js';

/** The fields that say where a request goes; which of them are there, the method's schema has checked. */
export interface Destination {
  readonly host?: string | undefined;
  readonly instance?: string | undefined;
  readonly machine?: string | undefined;
  readonly power_type?: string | undefined;
  readonly power_parameters?: unknown;
  readonly destination?: string | undefined;
  readonly enabled?: boolean | undefined;
  /** How old a read state may be. */
  readonly max_age_ms?: number | undefined;
  /** Are its devices to be told too? */
  readonly devices?: boolean | undefined;
  /** Of what is made. */
  readonly name?: string | undefined;
}

/** What a changing request asks for, without how it is to be carried out. */
export function withoutChangeFields(request: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(request).filter(([name]) => !Object.hasOwn(ChangeFields, name)));
}

/** What a power verb is asked for, without the machine that it is asked of. */
export function verbParams(request: object): Record<string, unknown> {
  const params = Object.entries(withoutChangeFields(request));
  return Object.fromEntries(params.filter(([name]) => !Object.hasOwn(PowerTargetFields, name) && name !== 'preempt'));
}
