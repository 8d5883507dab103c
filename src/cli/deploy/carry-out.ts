import type { z } from 'zod';
import { definedOnly } from '../../common/defined-only.js';
import { InstanceStateSchema } from '../../compute/contract/index.js';
import type { Output } from '../cli-parts.js';
import type { Ask, PlannedChange } from './plan.js';

/** The state in the answer of a change, without what some answers say besides. */
const StateSchema = InstanceStateSchema.partial();
type State = z.infer<typeof StateSchema>;

/** What came of a deployment. */
export interface Carried {
  readonly operationIds: readonly string[];
  /** The state of the instance after the last change. */
  readonly state: State;
}

interface Work {
  readonly changes: readonly PlannedChange[];
  /** Of each change, as the caller has given it. */
  readonly deadline_ms?: number | undefined;
  readonly not_after?: string | undefined;
}

/**
 * Carries changes out, one after the other, each an operation of its own: whatever ends it in between, the next deployment
 * finds out what is left.
 */
export async function carryOut(ask: Ask, work: Work, stderr: Output): Promise<Carried> {
  const { changes, deadline_ms, not_after } = work;
  const operationIds: string[] = [];
  let state: State = {};
  try {
    for (const { method, params } of changes) {
      const answer = await ask(method, { ...params, ...definedOnly({ deadline_ms, not_after }) });
      if (answer.operation_id !== null) operationIds.push(answer.operation_id);
      state = StateSchema.parse(answer);
    }
  } catch (error) {
    if (changes.length > 1) {
      stderr.write(
        `${operationIds.length} of ${changes.length} changes were made; the same deploy again does the rest\n`,
      );
    }
    throw error;
  }
  return { operationIds, state };
}
