import { generate } from 'selfsigned';

/** PEM texts. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of a test's own. */
export interface Authority {
  readonly cert: string;
  /** A certificate for a server on 127.0.0.1. */
  server(name: string): Promise<Identity>;
  /** A certificate for a user. */
  user(name: string): Promise<Identity>;
}

const EC = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;

export async function newAuthority(name: string): Promise<Authority> {
  const root = await generate([{ name: 'commonName', value: name }], {
    ...EC,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const ca = { cert: root.cert, key: root.private };
  const issue = async (commonName: string, use: 'serverAuth' | 'clientAuth'): Promise<Identity> => {
    const made = await generate([{ name: 'commonName', value: commonName }], {
      ...EC,
      ca,
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true, critical: true },
        { name: 'extKeyUsage', [use]: true },
        { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
      ],
    });
    return { cert: made.cert, key: made.private };
  };
  return { cert: root.cert, server: (host) => issue(host, 'serverAuth'), user: (user) => issue(user, 'clientAuth') };
}
