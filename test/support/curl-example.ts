/** A request as a document shows it. */
export interface CurlExample {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** Reads the few options of `curl` that the documents use; anything else fails the test that reads it. */
export function parseCurl(line: string, token: string): CurlExample {
  const words = [...line.replaceAll('$TOKEN', token).matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
  const headers: Record<string, string> = {};
  let method: string | undefined;
  let body: string | undefined;
  let url = '';
  for (let i = 1; i < words.length; i += 1) {
    const word = words[i] ?? '';
    if (word === '-sS') continue;
    if (word.startsWith('http')) url = word;
    else {
      i += 1;
      const value = words[i] ?? '';
      if (word === '-X') method = value;
      else if (word === '-d') body = value;
      else if (word === '-u') headers['Authorization'] = `Basic ${Buffer.from(value).toString('base64')}`;
      else if (word === '-H') headers[value.split(': ')[0] ?? ''] = value.split(': ')[1] ?? '';
      else throw new Error(`the test does not know ${word}`);
    }
  }
  return {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    url,
    headers,
    ...(body === undefined ? {} : { body }),
  };
}
