import { once } from 'node:events';
import { connect } from 'node:net';
import { ConnectionLostError } from './errors/connection-errors.js';
import type { Transport } from './transport.js';

/** Reaches a daemon on this machine. @param paths tried in this order */
export function unixTransport(...paths: readonly string[]): Transport {
  return async (signal) => {
    const failures: string[] = [];
    for (const path of paths) {
      const socket = connect(path);
      try {
        await once(socket, 'connect', signal === undefined ? {} : { signal });
        return socket;
      } catch (error) {
        socket.destroy();
        signal?.throwIfAborted();
        failures.push(error instanceof Error ? error.message : String(error));
      }
    }
    throw new ConnectionLostError(`no libvirt daemon is reached: ${failures.join('; ')}`, false);
  };
}
