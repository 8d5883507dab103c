import { silentLog } from '../../src/common/log.js';
import type { HttpParts } from '../../src/http/index.js';

/** What the HTTP surface shows of a service that nobody observes. */
export const NO_OBSERVATION: Pick<HttpParts, 'metrics' | 'log'> = {
  metrics: { contentType: 'text/plain; charset=utf-8', text: () => Promise.resolve('') },
  log: silentLog,
};
