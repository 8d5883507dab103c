import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { generate } from 'selfsigned';

/** What a TLS server needs, and what a client needs in order to trust it. */
export interface ServerCertificate {
  readonly keyPem: string;
  readonly certificatePem: string;
  /** SHA-256 in the form `AB:CD:…`, for clients that pin. */
  readonly fingerprint256: string;
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'];

/** A self-signed certificate for loopback and `extraHosts`; it is its own CA, so it can be given to a client as CA file. */
export async function createCertificate(
  commonName: string,
  extraHosts: readonly string[] = [],
): Promise<ServerCertificate> {
  const altNames = [...new Set([...LOOPBACK_NAMES, ...extraHosts])].map((host) =>
    isIP(host) === 0 ? { type: 2 as const, value: host } : { type: 7 as const, ip: host },
  );
  const made = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  });
  return describeCertificate(made.private, made.cert);
}

/** Wraps a given key and certificate. Throws when the certificate cannot be read. */
export function describeCertificate(keyPem: string, certificatePem: string): ServerCertificate {
  return { keyPem, certificatePem, fingerprint256: new X509Certificate(certificatePem).fingerprint256 };
}

/** Writes the certificate (never the key) for clients to trust. */
export async function publishCertificate(certificate: ServerCertificate, file: string): Promise<void> {
  await writeFile(file, certificate.certificatePem);
}
