import { join } from 'node:path';
import { Connection, type ConnectionOptions } from './connection.js';
import type { Transport } from './transport.js';
import { unixTransport } from './unix-transport.js';
import { type LibvirtUri, parseUri, UriError } from './uri.js';

const SYSTEM_DIRECTORY = '/run/libvirt';

export interface ConnectOptions extends Omit<ConnectionOptions, 'transport' | 'uri'> {
  /** Instead of that which the URI names. */
  readonly transport?: Transport;
  /** Where the sockets of session daemons are looked for. That of this process when not given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Connects to what a libvirt URI names, as libvirt's own tools do.
 *
 * @throws UriError; and as {@link Connection.open}
 */
export async function connect(uri: string, options: ConnectOptions = {}, signal?: AbortSignal): Promise<Connection> {
  const { transport, env = process.env, ...rest } = options;
  const parts = parseUri(uri);
  return Connection.open(
    {
      ...rest,
      transport: transport ?? transportOf(parts, rest.readOnly === true, env),
      ...(parts.driverUri === undefined ? {} : { uri: parts.driverUri }),
    },
    signal,
  );
}

function transportOf(uri: LibvirtUri, isReadOnly: boolean, env: NonNullable<ConnectOptions['env']>): Transport {
  if (uri.transport !== 'unix') throw new UriError(`${uri.transport} is no transport that is built in: give one`);
  return unixTransport(...socketPaths(uri, isReadOnly, env));
}

/** The daemon that serves all drivers, or the one that serves this driver alone. */
function socketPaths(uri: LibvirtUri, isReadOnly: boolean, env: NonNullable<ConnectOptions['env']>): string[] {
  const given = uri.parameters.get('socket');
  if (given !== undefined) return [given];
  const isSession = uri.path === '/session';
  const directory = isSession
    ? join(env['XDG_RUNTIME_DIR'] ?? join(env['HOME'] ?? '/', '.cache'), 'libvirt')
    : SYSTEM_DIRECTORY;
  const suffix = isReadOnly && !isSession ? '-sock-ro' : '-sock';
  return ['libvirt', `virt${uri.driver}d`].map((daemon) => join(directory, `${daemon}${suffix}`));
}
