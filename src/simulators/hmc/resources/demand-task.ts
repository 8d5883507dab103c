import { refuse } from '../hmc-error.js';
import type { Task, UserEntry } from '../inventory.schema.js';

/** Throws 403,1 for a user who is not allowed the task. */
export function demandTask(user: UserEntry, task: Task): void {
  if (user.tasks !== 'all' && !user.tasks.includes(task)) throw refuse.notAuthorized(task);
}
