import { silentLog } from '../../src/common/log.js';
import { EventFeed, type HttpParts } from '../../src/http/index.js';

/** What the HTTP surface shows of a service that nobody observes. */
export const NO_OBSERVATION: Pick<HttpParts, 'events' | 'metrics' | 'log'> = {
  events: { feed: new EventFeed(), sees: () => true },
  metrics: { contentType: 'text/plain; charset=utf-8', text: () => Promise.resolve('') },
  log: silentLog,
};
