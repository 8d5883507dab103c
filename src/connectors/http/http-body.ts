/** The body of an answer, classified: what is not JSON is never taken for an empty result. */
export type HttpBody =
  | { readonly kind: 'empty' }
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'html'; readonly text: string }
  /** Of the type that was asked for in place of JSON; as it came. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly why: string };

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Classifies a body by its bytes first and its content type second, since broken servers send HTML as JSON.
 *
 * @param wanted media type of a text that was asked for in place of JSON
 */
export function readBody(contentType: string | undefined, bytes: Uint8Array, wanted?: string): HttpBody {
  let whole: string;
  try {
    whole = decoder.decode(bytes);
  } catch {
    return { kind: 'unreadable', why: `the answer of ${bytes.length} bytes is not UTF-8 text` };
  }
  const text = whole.trim();
  if (text === '') return { kind: 'empty' };
  if (text.startsWith('<') || mediaType(contentType) === 'text/html') return { kind: 'html', text };
  if (wanted !== undefined && mediaType(contentType) === wanted) return { kind: 'text', text: whole };
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
