import { Connection, type ConnectionOptions } from './connection.js';
import type { Transport } from './transport.js';
import { transportFor, type TransportForOptions } from './transport-for.js';
import { parseUri } from './uri.js';

export interface ConnectOptions extends Omit<ConnectionOptions, 'transport' | 'uri'>, TransportForOptions {
  /** Instead of that which the URI names. */
  readonly transport?: Transport;
}

/**
 * Connects to what a libvirt URI names, as libvirt's own tools do. Each call makes a way of its own: who makes several
 * connections to one daemon takes the way from {@link transportFor}.
 *
 * @throws UriError; TransportError; and as {@link Connection.open}
 */
export async function connect(uri: string, options: ConnectOptions = {}, signal?: AbortSignal): Promise<Connection> {
  const { ssh: _ssh, tls: _tls, connectTimeoutMs: _connect, env: _env, transport, ...rest } = options;
  const { driverUri } = parseUri(uri);
  return Connection.open(
    {
      ...rest,
      transport: transport ?? transportFor(uri, options).transport,
      ...(driverUri !== undefined && { uri: driverUri }),
    },
    signal,
  );
}
