import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { TransportError } from '../errors/transport-error.js';

/** Where certificates and the key come from. Files are read for each connection, so that renewed ones are taken up. */
export type TlsPki =
  /** Where libvirt's own clients look: `~/.pki/libvirt` (not for root), then `/etc/pki`. */
  | { readonly kind: 'usual' }
  /** A directory with `cacert.pem`, `clientcert.pem`, `clientkey.pem` and perhaps `cacrl.pem`. */
  | { readonly kind: 'directory'; readonly path: string }
  /** PEM texts, or files with them. */
  | ({ readonly kind: 'given' } & { readonly [Name in keyof TlsMaterial]?: string | TlsFile });

export interface TlsFile {
  readonly file: string;
}

export interface TlsMaterial {
  /** Certificates of the authorities that a server may be of; those of the system when left out. */
  readonly ca?: string;
  /** Certificates that the authorities have taken back. */
  readonly crl?: string;
  /** Our certificate, and those between it and an authority. */
  readonly cert?: string;
  readonly key?: string;
}

/** Directories in which libvirt's clients look when nothing else is said. */
export interface UsualPlaces {
  readonly user: string | undefined;
  readonly system: string;
}

export interface ReadPkiOptions {
  /** Of the key, when it is encrypted. */
  readonly passphrase?: string | undefined;
  /** Whether a server is to be trusted for an authority's sake. */
  readonly needsAuthority: boolean;
  readonly places?: UsualPlaces;
}

type PartName = keyof TlsMaterial;
type Files = Readonly<Record<PartName, string>>;

/** A file or a given text, and how it is called in messages. */
interface Part {
  readonly title: string;
  readonly text: string | undefined;
}

const inOneDirectory = (path: string): Files => ({
  ca: join(path, 'cacert.pem'),
  crl: join(path, 'cacrl.pem'),
  cert: join(path, 'clientcert.pem'),
  key: join(path, 'clientkey.pem'),
});

const inSystem = (path: string): Files => ({
  ca: join(path, 'CA', 'cacert.pem'),
  crl: join(path, 'CA', 'cacrl.pem'),
  cert: join(path, 'libvirt', 'clientcert.pem'),
  key: join(path, 'libvirt', 'private', 'clientkey.pem'),
});

function usualPlaces(): UsualPlaces {
  return { user: process.getuid?.() === 0 ? undefined : join(homedir(), '.pki', 'libvirt'), system: '/etc/pki' };
}

/**
 * Reads what a connection needs, and checks that it can be used: later, OpenSSL would say only that something cannot.
 *
 * @throws TransportError `settings`
 */
export async function readPki(pki: TlsPki, options: ReadPkiOptions): Promise<TlsMaterial> {
  const { ca, crl, cert, key } = await find(pki, options);
  if ((cert.text === undefined) !== (key.text === undefined)) {
    const [there, missing] = cert.text === undefined ? [key, cert] : [cert, key];
    throw new TransportError('settings', `${there.title} is of no use without ${missing.title}, which is not there`);
  }
  // As both of the formats that there are say it.
  if (options.passphrase === undefined && /ENCRYPTED/.test(key.text ?? '')) {
    throw new TransportError('settings', `${key.title} is encrypted, and no passphrase is given`);
  }
  usable(ca, (text) => new X509Certificate(text));
  const certificate = usable(cert, (text) => new X509Certificate(text));
  const privateKey = usable(key, (text) =>
    createPrivateKey({ key: text, ...(options.passphrase !== undefined && { passphrase: options.passphrase }) }),
  );
  if (certificate !== undefined && privateKey !== undefined && !certificate.checkPrivateKey(privateKey)) {
    throw new TransportError('settings', `${key.title} is not the key of ${cert.title}`);
  }
  const material: Record<PartName, string | undefined> = { ca: ca.text, crl: crl.text, cert: cert.text, key: key.text };
  return Object.fromEntries(Object.entries(material).filter(([, text]) => text !== undefined));
}

async function find(
  pki: TlsPki,
  { needsAuthority, places = usualPlaces() }: ReadPkiOptions,
): Promise<Record<PartName, Part>> {
  switch (pki.kind) {
    case 'given':
      return {
        ca: await givenPart('the given certificate of the authority', pki.ca),
        crl: await givenPart('the given list of revoked certificates', pki.crl),
        cert: await givenPart('the given certificate', pki.cert),
        key: await givenPart('the given key', pki.key),
      };
    case 'directory':
      return findIn([inOneDirectory(pki.path)], needsAuthority);
    case 'usual': {
      const user = places.user === undefined ? [] : [inOneDirectory(places.user)];
      return findIn([...user, inSystem(places.system)], needsAuthority);
    }
  }
}

/** Each part from the first place that has it, certificate and key from the first that has both: as libvirt does. */
async function findIn(places: readonly Files[], needsAuthority: boolean): Promise<Record<PartName, Part>> {
  const all = await Promise.all(
    places.map(async (files) => ({
      ca: await readPart(files.ca),
      crl: await readPart(files.crl),
      cert: await readPart(files.cert),
      key: await readPart(files.key),
    })),
  );
  const isThere = ({ text }: Part): boolean => text !== undefined;
  const pair =
    all.find(({ cert, key }) => isThere(cert) && isThere(key)) ??
    all.find(({ cert, key }) => isThere(cert) || isThere(key));
  const absent: Part = { title: 'it', text: undefined };
  const ca = all.map((place) => place.ca).find(isThere);
  if (ca === undefined && needsAuthority) {
    const files = places.map((place) => place.ca).join(' or ');
    throw new TransportError('settings', `there is no ${files}, by which to know the server`, { code: 'ENOENT' });
  }
  return {
    ca: ca ?? absent,
    crl: all.map((place) => place.crl).find(isThere) ?? absent,
    cert: pair?.cert ?? absent,
    key: pair?.key ?? absent,
  };
}

async function givenPart(title: string, given: string | TlsFile | undefined): Promise<Part> {
  if (given === undefined || typeof given === 'string') return { title, text: given };
  const part = await readPart(given.file);
  if (part.text !== undefined) return part;
  throw new TransportError('settings', `there is no ${given.file}`, { code: 'ENOENT' });
}

async function readPart(file: string): Promise<Part> {
  try {
    return { title: file, text: await readFile(file, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { title: file, text: undefined };
    throw new TransportError('settings', `${file} cannot be read (${code ?? 'unknown'})`, { code });
  }
}

/** OpenSSL's own words are not repeated: they are about its innards, and what it was reading may be a key. */
function usable<T>({ title, text }: Part, parse: (text: string) => T): T | undefined {
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new TransportError('settings', `${title} cannot be used (${code ?? 'it is no PEM text'})`, { code });
  }
}
