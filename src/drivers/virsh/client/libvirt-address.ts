import { hostname } from 'node:os';
import { parseUri, TransportError, transportFor, UriError, type LibvirtUri } from 'node-libvirt';

/** Where a libvirt daemon is, and by which way it is reached. */
export interface LibvirtAddress {
  /** As it was written. It may name files, and holds no secret. */
  readonly uri: string;
  /** The URI for people: without user and parameters. */
  readonly label: string;
  /** Equal for all that mean the same daemon by the same way, whoever the user is: `host:port/path`. */
  readonly endpoint: string;
  readonly way: 'unix' | 'tls' | 'ssh';
  readonly host: string;
  /** 0 for a unix socket. */
  readonly port: number;
  /** Of the ssh server; empty where nobody is named. */
  readonly user: string;
  readonly parameters: LibvirtUri['parameters'];
  /** False when the URI says that whoever answers is trusted. */
  readonly isVerified: boolean;
}

/**
 * Who wrote a URI. An operator writes settings, and everything is allowed. A caller's URI must neither read files of this service nor
 * make it trust whoever answers.
 */
export type UriOrigin = 'settings' | 'request';

const DEFAULT_PORTS = { unix: 0, tls: 16_514, ssh: 22 } as const;
const HOST = /^[\w.:%-]{1,255}$/;
const ALLOWED_IN_REQUESTS: ReadonlySet<string> = new Set(['mode', 'proxy']);

/**
 * Reads a URI as libvirt's users write it.
 *
 * @returns the mistake as a text when it is none, or asks for what is not to be had. It does not repeat the URI
 */
export function parseLibvirtAddress(text: string, origin: UriOrigin): LibvirtAddress | string {
  try {
    const uri = parseUri(text);
    const mistake = textMistake(text, uri) ?? (origin === 'request' ? requestMistake(uri) : undefined);
    if (mistake !== undefined) return mistake;
    // Nothing is opened; what it cannot do, it says at once.
    transportFor(text);
    return addressOf(text, uri);
  } catch (error) {
    if (error instanceof UriError || error instanceof TransportError) return error.message;
    throw error;
  }
}

function textMistake(text: string, { user = '', host, path }: LibvirtUri): string | undefined {
  if ([text, user, path].some((part) => /[\p{C}\p{Z}]/u.test(part))) return 'it holds spaces or control characters';
  if (host !== undefined && !HOST.test(host)) return 'the host in it is neither a name nor an address';
  return undefined;
}

function requestMistake(uri: LibvirtUri): string | undefined {
  const { driver, path, parameters, driverUri } = uri;
  const refused = [...parameters.keys()].find((name) => !ALLOWED_IN_REQUESTS.has(name));
  if (refused !== undefined || parameters.get('proxy') === 'netcat') {
    const reason = 'it would read files of this service, run another program or trust whoever answers';
    const where = 'allowed are mode, and proxy=native; other ways belong into the settings of a host';
    return `the parameter ${refused ?? 'proxy=netcat'} is not taken from a request: ${reason} (${where})`;
  }
  if (driverUri?.includes('?') === true)
    return 'parameters of a driver are not taken from a request: allowed are mode, and proxy=native';
  // The daemon would read a file of its host.
  const known = driver === 'test' ? ['/default'] : ['/system', '/session'];
  if (!known.includes(path)) return `the path in it is not ${known.join(' or ')}`;
  return undefined;
}

function addressOf(text: string, uri: LibvirtUri): LibvirtAddress {
  const { driver, path, user = '', parameters } = uri;
  const way = uri.transport === 'unix' || uri.transport === 'tls' ? uri.transport : 'ssh';
  const host = (uri.host ?? hostname()).toLowerCase();
  const port = uri.port ?? DEFAULT_PORTS[way];
  const name = host.includes(':') ? `[${host}]` : host;
  // Another socket is another daemon.
  const socket = parameters.get('socket');
  const place = [name, ...(way === 'unix' ? [] : [port]), ...(socket === undefined ? [] : [socket])].join(':');
  const authority = way === 'unix' ? '' : `${name}${uri.port === undefined ? '' : `:${port}`}`;
  const isSet = (parameter: string): boolean => !['', '0'].includes(parameters.get(parameter) ?? '');
  return {
    uri: text,
    label: `${driver}${way === 'unix' ? '' : `+${way}`}://${authority}${path}`,
    endpoint: `${place}${path}`,
    way,
    host,
    port,
    user,
    parameters,
    isVerified: !isSet('no_verify') && parameters.get('known_hosts_verify') !== 'ignore',
  };
}
