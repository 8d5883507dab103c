/** Why a server is trusted. */
export type TlsTrust =
  /** Its certificate comes from a CA of the system, and names the host. */
  | { readonly kind: 'system' }
  /** Its certificate is, or comes from, one of these PEM certificates, and names the host. */
  | { readonly kind: 'ca'; readonly pem: string }
  /** As `ca`; the file is read for each new connection, so that a replaced one is taken up. */
  | { readonly kind: 'ca-file'; readonly path: string }
  /** Its certificate has this SHA-256 fingerprint, whatever it says; hexadecimal, colons allowed. */
  | { readonly kind: 'pinned'; readonly fingerprintSha256: string }
  /** Not at all. */
  | { readonly kind: 'unverified' };

/** A fingerprint as 64 lower-case hexadecimal digits; undefined when it is none. */
export function normaliseFingerprint(text: string): string | undefined {
  const hex = text.replaceAll(':', '').toLowerCase();
  return /^[0-9a-f]{64}$/.test(hex) ? hex : undefined;
}
