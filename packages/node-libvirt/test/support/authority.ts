import { isIP } from 'node:net';
import { generate } from 'selfsigned';

/** PEM texts. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of a test's own, whose certificates pass libvirt's own checks. */
export interface Authority {
  readonly cert: string;
  /** A certificate for a server with these names and addresses. */
  server(...names: string[]): Promise<Identity>;
  /** A certificate for a client. */
  client(name: string, notAfterDate?: Date): Promise<Identity>;
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
  const issue = async (
    use: 'serverAuth' | 'clientAuth',
    names: readonly string[],
    notAfterDate?: Date,
  ): Promise<Identity> => {
    const [commonName = ''] = names;
    const made = await generate([{ name: 'commonName', value: commonName }], {
      ...EC,
      ca,
      ...(notAfterDate && { notBeforeDate: new Date(notAfterDate.getTime() - 86_400_000), notAfterDate }),
      extensions: [
        { name: 'basicConstraints', cA: false, critical: true },
        // libvirt asks for both.
        { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
        { name: 'extKeyUsage', [use]: true },
        {
          name: 'subjectAltName',
          altNames: names.map((each) => (isIP(each) === 0 ? { type: 2, value: each } : { type: 7, ip: each })),
        },
      ],
    });
    return { cert: made.cert, key: made.private };
  };
  return {
    cert: root.cert,
    server: (...names) => issue('serverAuth', names),
    client: (user, notAfterDate) => issue('clientAuth', [user], notAfterDate),
  };
}
