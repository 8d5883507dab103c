import { refuse } from '../hmc-error.js';
import { demandTask } from '../permissions.js';
import { allowOnly, optionalBody, type Route } from '../router.js';
import { partitionOf } from './partition.routes.js';

/** The integrated ASCII console of a partition (hmc-dpm.md section 15). */
export const asciiConsoleRoutes: readonly Route[] = [
  {
    method: 'POST',
    pattern: '/api/partitions/:id/operations/get-ascii-console-websocket-uri',
    handle: (call, hmc) => {
      if (!hmc.level.hasAsciiConsole) throw refuse.notFound(call.path);
      const partition = partitionOf(call, hmc);
      demandTask(call.session.user, 'integrated-ascii-console');
      const body = optionalBody(call);
      allowOnly(body, 'force-takeover');
      const { 'force-takeover': force = false } = body;
      if (typeof force !== 'boolean') throw refuse.badValue('force-takeover', 'not a boolean');
      return { status: 200, body: { 'websocket-uri': hmc.asciiConsoles.invite(partition, call.session, force) } };
    },
  },
];
