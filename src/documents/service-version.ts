import { readFileSync } from 'node:fs';

/** The version of the service, by which its documents go too. */
export function serviceVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
