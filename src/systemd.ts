import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ComputeError, messageOf } from './common/errors/index.js';
import type { Environment } from './config/index.js';

const PATIENCE_MS = 10_000;

/**
 * Tells systemd that the service is up (`Type=notify`), when it waits for that. Node has no datagram sockets of the kind
 * that systemd listens on; systemd's own program has.
 *
 * @throws ComputeError INTERNAL when it cannot be told, since it would end the service later, and not say why
 */
export async function announceReady(environment: Environment): Promise<void> {
  const socket = environment['NOTIFY_SOCKET'];
  if (socket === undefined || socket === '') return;
  try {
    const env = { PATH: environment['PATH'] ?? '/usr/bin:/bin', NOTIFY_SOCKET: socket };
    await promisify(execFile)('systemd-notify', ['--ready'], { env, timeout: PATIENCE_MS });
  } catch (error) {
    const why = messageOf(error);
    throw new ComputeError('INTERNAL', `systemd cannot be told that the service is up (Type=notify): ${why}`, {
      cause: error,
    });
  }
}
