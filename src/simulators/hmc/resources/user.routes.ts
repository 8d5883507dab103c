import { refuse } from '../hmc-error.js';
import { TASKS, type UserEntry } from '../inventory.schema.js';
import { stableUuid } from '../object-id.js';
import type { Route, SessionCall } from '../router.js';
import { patternFilter } from './list-filter.js';

const userUri = ({ name }: UserEntry): string => `/api/users/${stableUuid('user', name)}`;
/** A user's tasks are those of one role, which it has for itself. */
const roleUri = ({ name }: UserEntry): string => `/api/user-roles/${stableUuid('role', name)}`;
const taskUri = (task: string): string => `/api/console/tasks/${task}`;

/** What users are told of themselves (hmc-dpm.md sections 3 and 13). Nobody is told of others. */
export const userRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/api/console/users',
    query: ['name'],
    handle: (call) => {
      const hasName = patternFilter(call.query, 'name');
      const { user } = call.session;
      const seen = user.sees_itself && hasName(user.name) ? [user] : [];
      const users = seen.map((self) => ({ 'object-uri': userUri(self), name: self.name, type: 'standard' }));
      return { status: 200, body: { users } };
    },
  },
  {
    method: 'GET',
    pattern: '/api/users/:id',
    handle: (call) => {
      const user = itself(call, userUri);
      return {
        status: 200,
        body: {
          'object-uri': userUri(user),
          class: 'user',
          name: user.name,
          type: 'standard',
          'allow-management-interfaces': user.allow_management_interfaces,
          'max-web-services-api-sessions': user.max_sessions,
          'web-services-api-session-idle-timeout': Math.ceil(user.session_idle_ms / 60_000),
          'user-roles': [roleUri(user)],
        },
      };
    },
  },
  {
    method: 'GET',
    pattern: '/api/user-roles/:id',
    handle: (call) => {
      const user = itself(call, roleUri);
      const tasks = user.tasks === 'all' ? TASKS : user.tasks;
      return {
        status: 200,
        body: {
          'object-uri': roleUri(user),
          class: 'user-role',
          name: `tasks of ${user.name}`,
          type: 'user-defined',
          permissions: tasks.map((task) => ({
            'permitted-object': taskUri(task),
            'permitted-object-type': 'object',
            'include-members': false,
            'view-only-mode': false,
          })),
        },
      };
    },
  },
  {
    method: 'GET',
    pattern: '/api/console/tasks',
    query: ['name'],
    handle: (call) => {
      const hasName = patternFilter(call.query, 'name');
      const tasks = TASKS.filter((task) => hasName(task)).map((name) => ({ 'element-uri': taskUri(name), name }));
      return { status: 200, body: { tasks } };
    },
  },
];

/** Throws 404,1 for what is not the user's own. */
function itself(call: SessionCall, uriOf: (user: UserEntry) => string): UserEntry {
  const { user } = call.session;
  if (!user.sees_itself || uriOf(user) !== call.path) throw refuse.notFound(call.path);
  return user;
}
