import type { PowerParameters } from '../../compute/contract/index.js';

/** A machine as a file describes it. */
export interface MachineEntry {
  readonly name: string;
  /** Or why it cannot be registered; the others of the file can. */
  readonly definition:
    { readonly powerType: string; readonly parameters: PowerParameters } | { readonly problem: string };
}
