import type { SecureVersion } from 'node:tls';
import { TransportError } from '../errors/transport-error.js';

/** What of a GnuTLS priority string OpenSSL is told. */
export interface TlsVersions {
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
}

const VERSIONS = { 'TLS1.2': 'TLSv1.2', 'TLS1.3': 'TLSv1.3' } as const;
const BASES = ['NORMAL', '@LIBVIRT', '@LIBVIRT,SYSTEM', '@SYSTEM'];

/**
 * Reads a `tls_priority`, which is written for GnuTLS, as far as it is about versions of TLS: `NORMAL:-VERS-ALL:+VERS-TLS1.3`.
 * What else GnuTLS can be told has no counterpart here, and to leave it out would be to do other than was said.
 *
 * @throws TransportError `settings`
 */
export function versionsOf(priority: string): TlsVersions {
  const [base = '', ...words] = priority.split(':');
  if (!BASES.includes(base)) throw notKnown(priority, base);
  const allowed = new Set<string>(Object.keys(VERSIONS));
  for (const word of words) {
    const [, sign, version = ''] = /^([-!+])VERS-(.+)$/.exec(word) ?? [];
    if (sign === undefined) throw notKnown(priority, word);
    if (sign !== '+') {
      if (version === 'ALL' || version === 'TLS-ALL') allowed.clear();
      else allowed.delete(version);
    } else if (version in VERSIONS) allowed.add(version);
    else throw notKnown(priority, word);
  }
  const [min, max = min] = Object.entries(VERSIONS).flatMap(([name, version]) => (allowed.has(name) ? [version] : []));
  if (min === undefined || max === undefined)
    throw new TransportError('settings', `tls_priority ${priority} allows no TLS`);
  return { minVersion: min, maxVersion: max };
}

function notKnown(priority: string, word: string): TransportError {
  return new TransportError(
    'settings',
    `tls_priority ${priority}: "${word}" is not known here; known are ${BASES.join(', ')} and VERS-TLS1.2, VERS-TLS1.3, VERS-ALL`,
  );
}
