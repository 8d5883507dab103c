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
  return { host, powerType: host === null ? driver : null, machine: host === null ? machineOf(operation) : null };
}

function machineOf(operation: OperationRecord): string | null {
  try {
    const { machine } = operation.params;
    return typeof machine === 'string' ? machine : null;
  } catch {
    // One that cannot be read hides no other.
    return null;
  }
}

export function placeOfMachine({ name, powerType }: MachineIdentity): Place {
  return { host: null, powerType, machine: name };
}
