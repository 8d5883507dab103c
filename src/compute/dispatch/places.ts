import type { OperationRecord } from '../../journal/journal.port.js';
import type { Place } from '../contract/index.js';

/** What a rule needs to know of a registered machine. */
export interface MachineIdentity {
  readonly name: string;
  readonly powerType: string | null;
}

/** An operation without a host was given by power type, which then is its driver. */
export function placeOfOperation(operation: OperationRecord): Place {
  const { host, driver } = operation;
  return host === null
    ? { host, powerType: driver, machine: readableParam(operation, 'machine') }
    : { host, powerType: null, machine: null };
}

/** A parameter that is a text, as far as it can be read: an operation that cannot be decrypted hides and stops no other. */
export function readableParam(operation: OperationRecord, name: string): string | null {
  try {
    const value = operation.params[name];
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}

export function placeOfMachine({ name, powerType }: MachineIdentity): Place {
  return { host: null, powerType, machine: name };
}
