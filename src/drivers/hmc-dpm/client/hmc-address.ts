import { isIPv6 } from 'node:net';

/** Default port of the HMC's Web Services API (hmc-dpm.md section 1). */
const DEFAULT_HMC_PORT = 6794;

/** Where an HMC listens. */
export interface HmcAddress {
  /** Lower-case name or address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** `host:port`, as messages and keys name the HMC. */
  readonly label: string;
}

/**
 * Reads `host`, `host:port`, `[v6]:port`, a bare IPv6 address, or `https://host[:port]`.
 *
 * @returns the mistake as a text when it is none of these
 */
export function parseHmcAddress(text: string): HmcAddress | string {
  const trimmed = text.trim();
  if (isIPv6(trimmed)) return address(trimmed.toLowerCase(), DEFAULT_HMC_PORT);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(trimmed)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'https') return `the HMC speaks https only, not ${scheme}`;
  const rest = scheme === undefined ? trimmed : trimmed.slice('https://'.length);
  // URL forgets a port that is its scheme's default, so the port is read before.
  const port = /:(\d{1,5})\/?$/.exec(rest.replace(/^\[[^\]]*\]/, ''))?.[1];
  let url: URL;
  try {
    url = new URL(`https://${rest}`);
  } catch {
    return 'expected a host name, an address, host:port, [IPv6]:port, or an https URL';
  }
  if (url.username !== '' || url.password !== '') return 'the user and the password have fields of their own';
  if ((url.pathname !== '' && url.pathname !== '/') || url.search !== '' || url.hash !== '') {
    return 'only host and port are wanted: the paths of the API are fixed';
  }
  const number = port === undefined ? DEFAULT_HMC_PORT : Number(port);
  if (number < 1) return 'port 0 is none';
  return address(url.hostname.replace(/^\[|\]$/g, ''), number);
}

function address(host: string, port: number): HmcAddress {
  return { host, port, label: `${isIPv6(host) ? `[${host}]` : host}:${port}` };
}
