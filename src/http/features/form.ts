import type { Request } from 'express';

/** How a reader wants the matrix: as data, as a page, or as Markdown. */
export type Form = 'json' | 'html' | 'md';

const ENDINGS: Readonly<Record<string, Form>> = { '.html': 'html', '.md': 'md' };
/** The first is that of a reader who does not mind, or wants what there is not. */
const TYPES: readonly (readonly [type: string, form: Form])[] = [
  ['application/json', 'json'],
  ['text/html', 'html'],
  ['text/markdown', 'md'],
];

/** The form that a name asks for by its ending, with the name that is left; null when it has no such ending. */
export function formByEnding(name: string): { readonly form: Form; readonly rest: string } | null {
  for (const [ending, form] of Object.entries(ENDINGS)) {
    if (name.endsWith(ending) && name.length > ending.length) return { form, rest: name.slice(0, -ending.length) };
  }
  return null;
}

/** The form that a request asks for with its `Accept`. */
export function formByAccept(request: Pick<Request, 'accepts'>): Form {
  const accepted = request.accepts(TYPES.map(([type]) => type));
  return TYPES.find(([type]) => type === accepted)?.[1] ?? 'json';
}

/** The form that the whole address asks for: by its ending, else by `Accept`. */
export function formOf(request: Pick<Request, 'accepts' | 'path'>): Form {
  return formByEnding(request.path)?.form ?? formByAccept(request);
}

/** The way from an address to the root of the service. */
export function baseOf({ path }: Pick<Request, 'path'>): string {
  return '../'.repeat(path.split('/').length - 2);
}

/** The query of an address with its question mark; empty without one. */
export function searchOf({ originalUrl }: Pick<Request, 'originalUrl'>): string {
  const at = originalUrl.indexOf('?');
  return at === -1 ? '' : originalUrl.slice(at);
}
