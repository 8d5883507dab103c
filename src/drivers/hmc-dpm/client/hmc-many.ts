import { z } from 'zod';
import { describeIssues } from '../../../common/errors/index.js';
import { LONGEST_TEXT, refusalOf } from './hmc-answer.js';
import type { HmcClient } from './hmc-client.js';
import { HmcError } from './hmc-error.js';

/** Most requests in one aggregation: their texts must stay under 256,000 bytes (hmc-dpm.md section 16). */
const MOST_TOGETHER = 500;
/** Most that the HMC works on at a time. */
const THREADS = 10;

const AggregationSchema = z.array(z.object({ id: z.string().max(64), status: z.int(), body: z.unknown().optional() }));

/**
 * Reads several objects of one kind: one request when there is one, one aggregation when there are more, and one each from an HMC that has
 * no aggregation.
 *
 * @returns what was read, in the order of the URIs; undefined for what is not there (404)
 * @throws HmcError of the first that could not be read otherwise
 */
export async function getMany<S extends z.ZodType>(
  client: HmcClient,
  uris: readonly string[],
  schema: S,
  signal?: AbortSignal,
): Promise<(z.output<S> | undefined)[]> {
  const [first, ...others] = uris;
  if (first === undefined) return [];
  if (others.length === 0) return [await unlessGone(() => client.get(first, schema, signal))];
  const read: (z.output<S> | undefined)[] = [];
  for (let from = 0; from < uris.length; from += MOST_TOGETHER) {
    read.push(...(await aggregate(client, uris.slice(from, from + MOST_TOGETHER), schema, signal)));
  }
  return read;
}

async function aggregate<S extends z.ZodType>(
  client: HmcClient,
  uris: readonly string[],
  schema: S,
  signal: AbortSignal | undefined,
): Promise<(z.output<S> | undefined)[]> {
  let items: z.output<typeof AggregationSchema>;
  try {
    const requests = uris.map((uri, index) => ({ method: 'GET', uri, id: String(index) }));
    const json = { requests, threads: Math.min(THREADS, uris.length) };
    items = await client.ask('/api/services/aggregation/submit', json, AggregationSchema, signal);
  } catch (error) {
    if (!(error instanceof HmcError && error.isNotThere)) throw error;
    return await Promise.all(uris.map((uri) => unlessGone(() => client.get(uri, schema, signal))));
  }
  const answers = new Map(items.map((item) => [item.id, item]));
  return uris.map((uri, index) => {
    const item = answers.get(String(index));
    if (item === undefined) throw unreadable(`the aggregation has no answer for ${uri}`);
    if (item.status === 404) return undefined;
    if (item.status >= 300) {
      const answer = { status: item.status, body: { kind: 'json', value: item.body } } as const;
      throw refusalOf(answer, false, (text) => text.slice(0, LONGEST_TEXT));
    }
    const parsed = schema.safeParse(item.body);
    if (parsed.success) return parsed.data;
    throw unreadable(`the answer for ${uri} is not what was asked for: ${describeIssues(parsed.error.issues).text}`);
  });
}

function unreadable(text: string): HmcError {
  return new HmcError({ kind: 'unreadable', changes: false, text: text.slice(0, LONGEST_TEXT) });
}

/** @returns undefined when the HMC says that there is no such thing */
export async function unlessGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HmcError && error.isNotThere) return undefined;
    throw error;
  }
}
