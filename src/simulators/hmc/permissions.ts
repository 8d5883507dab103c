import { refuse } from './hmc-error.js';
import type { Task, UserEntry } from './inventory.schema.js';

/** Throws 403,1 when the user may do none of these. */
export function demandAnyTask(user: UserEntry, ...tasks: [Task, ...Task[]]): void {
  if (user.tasks !== 'all' && !tasks.some((task) => user.tasks.includes(task))) throw refuse.notAuthorized(tasks[0]);
}

/** Throws 403,1 when the user may not do this (hmc-dpm.md section 13). */
export function demandTask(user: UserEntry, task: Task): void {
  if (user.tasks !== 'all' && !user.tasks.includes(task)) throw refuse.notAuthorized(task);
}
