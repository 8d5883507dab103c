import { HmcError, refuse } from '../hmc-error.js';
import { allowOnly, objectBody, type InnerRequest, type Route } from '../router.js';

const MOST_BYTES = 256_000;
const MOST_THREADS = 10;

/** Many requests in one (hmc-dpm.md section 16). */
export const aggregationRoutes: readonly Route[] = [
  {
    method: 'POST',
    pattern: '/api/services/aggregation/submit',
    handle: (call) => {
      if (call.bodyBytes > MOST_BYTES) throw new HmcError(413, 1, `The request body exceeds ${MOST_BYTES} bytes`);
      const body = objectBody(call);
      allowOnly(body, 'requests', 'threads');
      const { requests, threads } = body;
      if (requests === undefined) throw refuse.fieldMissing('requests');
      if (threads !== undefined && !isThreads(threads)) throw refuse.badValue('threads', `1 to ${MOST_THREADS}`);
      if (!Array.isArray(requests)) throw refuse.badValue('requests', 'not an array');
      const results = requests.map((request) => {
        const { id, ...inner } = innerRequest(request);
        const { status, body: answer } = call.carryOut(inner);
        return { id, status, headers: {}, ...(answer === undefined ? {} : { body: answer }) };
      });
      // The order is not promised, so nobody shall rely on it.
      return { status: 200, body: results.reverse() };
    },
  },
];

const isThreads = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MOST_THREADS;

function innerRequest(request: unknown): InnerRequest & { id: string } {
  if (typeof request !== 'object' || request === null) throw refuse.badValue('requests', 'an item is not an object');
  const { method, uri, id, body } = request as Record<string, unknown>;
  for (const [name, value] of Object.entries({ method, uri, id })) {
    if (value === undefined) throw refuse.fieldMissing(name);
    if (typeof value !== 'string') throw refuse.badValue(name, 'not a string');
  }
  return { method: String(method), uri: String(uri), id: String(id), body };
}
