/** How a daemon is reached. */
export type UriTransport = 'unix' | 'tls' | 'ssh' | 'libssh' | 'libssh2' | 'tcp' | 'ext';

/** A libvirt URI, taken apart. */
export interface LibvirtUri {
  /** Of the hypervisor, as `qemu` or `test`; `remote` leaves the choice to the daemon. */
  readonly driver: string;
  readonly transport: UriTransport;
  readonly user?: string;
  readonly host?: string;
  readonly port?: number;
  /** As `/system`. */
  readonly path: string;
  /** What goes to the daemon, as `qemu:///system`; undefined for its own choice. */
  readonly driverUri: string | undefined;
  /** Of the way to the daemon, by name: `socket`, `keyfile`, `no_verify`, `pkipath` … */
  readonly parameters: ReadonlyMap<string, string>;
}

/** What is wrong with a URI. The URI itself may hold a secret, and is not repeated. */
export class UriError extends Error {
  override readonly name = 'UriError';
}

const transports: ReadonlySet<string> = new Set<UriTransport>([
  'unix',
  'tls',
  'ssh',
  'libssh',
  'libssh2',
  'tcp',
  'ext',
]);
/** Those that say how the daemon is reached. Others are the driver's, and are passed on. */
const ours: ReadonlySet<string> = new Set([
  'auth',
  'command',
  'keyfile',
  'known_hosts',
  'known_hosts_verify',
  'mode',
  'name',
  'netcat',
  'no_sanity',
  'no_tty',
  'no_verify',
  'pkipath',
  'proxy',
  'socket',
  'sshauth',
  'tls_priority',
]);

// scheme, transport, authority, path, query; a fragment means nothing to libvirt
const FORM = /^([a-z][a-z0-9]*)(?:\+([a-z][a-z0-9]*))?:\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?$/i;
const AUTHORITY = /^(?:([^@]*)@)?(?:\[([0-9a-f:.%a-z]+)\]|([^:@[\]]*))(?::(\d+))?$/i;

/**
 * Reads a URI as libvirt's own tools do: `qemu:///system`, `qemu+unix:///system?socket=/run/libvirt/libvirt-sock`,
 * `qemu+ssh://root@host:22/system?keyfile=/key`, `qemu+tls://host/system`, `test:///default`. A host without a transport is
 * reached by TLS, no host by the local socket.
 *
 * @throws UriError
 */
export function parseUri(text: string): LibvirtUri {
  const [, driver, transportName, authorityText, path, query] = FORM.exec(text) ?? [];
  if (driver === undefined || authorityText === undefined || path === undefined)
    throw new UriError('it is no libvirt URI, as qemu:///system or qemu+ssh://user@host/system are');
  const authority = AUTHORITY.exec(authorityText);
  if (authority === null) throw new UriError('between // and / there is no host, with or without user and port');
  const [, user, address, name, portText] = authority;
  if (user?.includes(':') === true) throw new UriError('a password does not belong in a URI');
  const host = address ?? (name === '' ? undefined : name);
  const port = portText === undefined ? undefined : Number(portText);
  if (port !== undefined && (port < 1 || port > 65_535)) throw new UriError(`${port} is no port`);
  if (host === undefined && (user !== undefined || port !== undefined)) throw new UriError('there is no host in it');

  const transport = transportName?.toLowerCase() ?? (host === undefined ? 'unix' : 'tls');
  if (!isTransport(transport))
    throw new UriError(`${transport} is no way to reach a daemon: there are ${[...transports].join(', ')}`);
  if (transport === 'unix' && host !== undefined)
    throw new UriError('a unix socket is on this machine: it has no host');
  if (transport !== 'unix' && transport !== 'ext' && host === undefined)
    throw new UriError(`${transport} takes a host`);

  const given = parametersOf(query ?? '');
  const parameters = new Map(given.filter(([key]) => ours.has(key)).map(([key, value]) => [key, decoded(value)]));
  const passedOn = given.filter(([key]) => !ours.has(key)).map(([key, value]) => `${key}=${value}`);
  const inner = `${driver.toLowerCase()}://${path}${passedOn.length > 0 ? `?${passedOn.join('&')}` : ''}`;
  const own = driver.toLowerCase() === 'remote' ? undefined : inner;
  return {
    driver: driver.toLowerCase(),
    transport,
    ...(user === undefined ? {} : { user: decoded(user) }),
    ...(host === undefined ? {} : { host: decoded(host) }),
    ...(port === undefined ? {} : { port }),
    path: decoded(path),
    driverUri: parameters.get('name') ?? own,
    parameters,
  };
}

function isTransport(name: string): name is UriTransport {
  return transports.has(name);
}

/** Names and values as they are written. `+` is itself, as in file names, and `;` separates like `&`. */
function parametersOf(query: string): [name: string, value: string][] {
  return query
    .split(/[&;]/)
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf('=');
      return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
    });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UriError('a % in it is not followed by two hexadecimal digits of a UTF-8 character');
  }
}
