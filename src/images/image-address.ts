import { ComputeError } from '../common/errors/index.js';

/** Where the bytes of an image are. */
export type ImageAddress =
  | { readonly kind: 'file'; readonly path: string; readonly shown: string }
  | {
      readonly kind: 'web';
      readonly url: URL;
      /** What a token goes into. */
      readonly tokenHeader: (token: string) => Readonly<Record<string, string>>;
      readonly shown: string;
    };

/**
 * Reads the address of an image:
 * - `file:/var/lib/images/rescue.iso`;
 * - `http:` and `https:` as they are; a token goes as `Authorization: Bearer`;
 * - `glance:https://images.example.com:9292/<image id>`: the image service's address and the id; a token goes as `X-Auth-Token`.
 *
 * `shown` is for people: queries are left out, since they often hold a signature.
 *
 * @throws ComputeError REQUEST_INVALID
 */
export function parseImageAddress(source: string): ImageAddress {
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/is.exec(source) ?? [];
  switch (scheme.toLowerCase()) {
    case 'file':
      return fileAddress(rest);
    case 'http':
    case 'https': {
      const url = webAddress(source);
      return { kind: 'web', url, tokenHeader: (token) => ({ Authorization: `Bearer ${token}` }), shown: shownOf(url) };
    }
    case 'glance':
      return glanceAddress(rest);
    default:
      throw invalid('is no address: write file:, http:, https: or glance: before it');
  }
}

function fileAddress(rest: string): ImageAddress {
  const url = URL.canParse(`file:${rest}`) ? new URL(`file:${rest}`) : undefined;
  if (!rest.startsWith('/') || url === undefined || url.host !== '') {
    throw invalid('is no address of a file: write file:/absolute/path');
  }
  try {
    const path = decodeURIComponent(url.pathname);
    if (!path.includes('\0')) return { kind: 'file', path, shown: `file:${path}` };
  } catch {
    // A percent sign that begins nothing.
  }
  throw invalid('is no address of a file: a percent sign must be followed by two hexadecimal digits');
}

function webAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) throw invalid('is no web address');
  if (url.username !== '' || url.password !== '') throw invalid('must hold no user and no password; give a token');
  return url;
}

function glanceAddress(rest: string): ImageAddress {
  const given = webAddress(rest);
  const [, base = '', id = ''] = /^(.*)\/([A-Za-z0-9._-]+)$/.exec(given.pathname) ?? [];
  if (id === '' || given.search !== '') {
    throw invalid('is no address of an image in Glance: write glance:https://host:9292/<image id>');
  }
  const url = new URL(`${base}/v2/images/${id}/file`, given);
  return {
    kind: 'web',
    url,
    tokenHeader: (token) => ({ 'X-Auth-Token': token }),
    shown: `glance:${shownOf(given)}`,
  };
}

function shownOf({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

function invalid(what: string): ComputeError {
  return new ComputeError('REQUEST_INVALID', `the source of the image ${what}`);
}
