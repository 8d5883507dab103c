import { refuse } from './hmc-error.js';
import type { Task, UserEntry } from './inventory.schema.js';

/** Whether the user may do this (hmc-dpm.md section 13). */
export const mayDo = ({ tasks }: UserEntry, task: Task): boolean => tasks === 'all' || tasks.includes(task);

/** Throws 403,1 when the user may do none of these. */
export function demandTask(user: UserEntry, ...tasks: [Task, ...Task[]]): void {
  if (!tasks.some((task) => mayDo(user, task))) throw refuse.notAuthorized(tasks[0]);
}
