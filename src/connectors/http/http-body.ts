/** The body of an answer, classified: what is not JSON is never taken for an empty result. */
export type HttpBody =
  | { readonly kind: 'empty' }
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'html'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly why: string };

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Classifies a body by its bytes first and its content type second, since broken servers send HTML as JSON. */
export function readBody(contentType: string | undefined, bytes: Uint8Array): HttpBody {
  let text: string;
  try {
    text = decoder.decode(bytes).trim();
  } catch {
    return { kind: 'unreadable', why: `the answer of ${bytes.length} bytes is not UTF-8 text` };
  }
  if (text === '') return { kind: 'empty' };
  if (text.startsWith('<') || mediaType(contentType) === 'text/html') return { kind: 'html', text };
  try {
    return { kind: 'json', value: JSON.parse(text) as unknown };
  } catch {
    const type = mediaType(contentType) ?? 'no content type';
    return {
      kind: 'unreadable',
      why: `the answer of ${bytes.length} bytes (${type}) is not JSON, or was cut off in the middle`,
    };
  }
}

function mediaType(contentType: string | undefined): string | undefined {
  return contentType?.split(';')[0]?.trim().toLowerCase().slice(0, 100);
}
