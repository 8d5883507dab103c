import { ErrorDomain, ErrorNumber } from '../generated/constants.js';
import type { RemoteError } from '../layouts/remote-error.js';

const codeNames = namesOf(ErrorNumber, 'VIR_ERR_');
const domainNames = namesOf(ErrorDomain, 'VIR_FROM_');

/**
 * What libvirt itself says went wrong. `code` and `domain` tell what it is; the message is for people, may be translated, and
 * changes between versions.
 */
export class LibvirtError extends Error {
  override readonly name = 'LibvirtError';
  /** One of {@link ErrorNumber}. */
  readonly code: number;
  /** As `NO_DOMAIN`; the number where it is of a newer libvirt. */
  readonly codeName: string;
  /** The part of libvirt that it is from, one of {@link ErrorDomain}. */
  readonly domain: number;
  /** As `QEMU`. */
  readonly domainName: string;
  /** What more there is: the meaning depends on the code. With `SYSTEM_ERROR` the first number is the errno. */
  readonly details: { readonly texts: readonly (string | null)[]; readonly numbers: readonly [number, number] };

  constructor(error: RemoteError) {
    super(error.message ?? 'libvirt gives no reason');
    this.code = error.code;
    this.codeName = codeNames.get(error.code) ?? String(error.code);
    this.domain = error.domain;
    this.domainName = domainNames.get(error.domain) ?? String(error.domain);
    this.details = { texts: [error.text1, error.text2, error.text3], numbers: [error.int1, error.int2] };
  }
}

function namesOf(constants: Readonly<Record<string, number>>, prefix: string): ReadonlyMap<number, string> {
  return new Map(Object.entries(constants).map(([name, value]) => [value, name.slice(prefix.length)]));
}
