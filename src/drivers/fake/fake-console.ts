import { randomUUID } from 'node:crypto';
import { ComputeError } from '../../common/errors/index.js';
import type { ConsoleAccess, ConsoleOperations } from '../../compute/contract/index.js';
import type { FakeSite } from './fake-site.js';
import { requireState } from './fake-work.js';

const LIFE_MS = 600_000;
const SERVER = 'console.invalid';

/** Opens consoles, each with a secret of its own. Nobody listens there: the addresses are for show. */
export function fakeConsole(site: FakeSite): ConsoleOperations['getConsole'] {
  return async (ctx, { id }, { type }) => {
    await site.read(ctx, 'getConsole', id);
    const instance = site.find(id);
    requireState(instance, ['running', 'paused']);
    const secret = randomUUID();
    const access = { type, expiresAt: ctx.clock.now() + LIFE_MS };
    switch (type) {
      case 'serial':
        return { ...access, ...nowhere, url: `wss://${SERVER}/${id}?token=${secret}` };
      case 'vnc':
        return { ...access, ...nowhere, host: SERVER, port: 5900, password: secret };
      case 'spice':
        return { ...access, ...nowhere, host: SERVER, port: 5930, tlsPort: 5931, password: secret };
      case 'rdp':
        throw new ComputeError('FEATURE_UNSUPPORTED', 'the fake driver shows no screen over RDP');
    }
  };
}

const nowhere: Omit<ConsoleAccess, 'type' | 'expiresAt'> = {
  url: null,
  host: null,
  port: null,
  tlsPort: null,
  password: null,
};
