import { z } from 'zod';
import type { HmcClient } from './hmc-client.js';
import { getMany } from './hmc-many.js';
import { exactly, query } from './hmc-query.js';
import { word } from './hmc-schemas.js';
import { uriOf } from './hmc-uri.js';

/** What the HMC tells a user of itself. Each call throws HmcError, or the signal's reason. */

const UserListSchema = z.object({ users: z.array(z.object({ 'object-uri': uriOf('users'), name: word })) });
const UserSchema = z.object({
  name: word,
  'max-web-services-api-sessions': z.int().nullish(),
  'user-roles': z.array(uriOf('user-roles')).nullish(),
});
export type HmcUser = z.infer<typeof UserSchema>;

const RoleSchema = z.object({
  name: word,
  permissions: z.array(z.object({ 'permitted-object': z.string().max(1024) })).nullish(),
});
const TaskListSchema = z.object({ tasks: z.array(z.object({ 'element-uri': z.string().max(1024), name: word })) });

/** The user of this name, when it may be seen: every user may see itself, as long as nobody took that away. */
export async function ownUser(client: HmcClient, name: string, signal?: AbortSignal): Promise<HmcUser | undefined> {
  const { users } = await client.get(`/api/console/users${query({ name: exactly(name) })}`, UserListSchema, signal);
  const found = users.find((user) => user.name === name);
  return found === undefined ? undefined : await client.get(found['object-uri'], UserSchema, signal);
}

/** Names of the tasks that roles permit, in the spelling of the HMC; undefined when a role cannot be seen. */
export async function permittedTasks(
  client: HmcClient,
  roleUris: readonly string[],
  signal?: AbortSignal,
): Promise<string[] | undefined> {
  const roles = await getMany(client, roleUris, RoleSchema, signal);
  if (roles.some((role) => role?.permissions === undefined || role.permissions === null)) return undefined;
  const { tasks } = await client.get('/api/console/tasks', TaskListSchema, signal);
  const permitted = new Set(roles.flatMap((role) => role?.permissions ?? []).map((item) => item['permitted-object']));
  return tasks.filter((task) => permitted.has(task['element-uri'])).map(({ name }) => name);
}
