import type { HttpAnswer } from '../../../connectors/http/index.js';
import type { HmcNews } from './hmc-news.port.js';
import type { ApiVersion, HmcCall, Waiting } from './hmc-call.js';

/** What calls go through to an HMC: a session, or the sessions of redundant HMCs. Each call throws HmcError, or the signal's reason. */
export interface HmcLink {
  /** `host:port` of the HMC that is asked now. */
  readonly label: string;
  /** Query parameters that this HMC refused; asked once, remembered. */
  readonly refusedQueries: Set<'properties' | 'additional-properties'>;
  /** What the HMC tells by itself; undefined when it is not listened to. */
  readonly news: HmcNews | undefined;
  /** Sends a request in the session; its good answer. */
  request(call: HmcCall): Promise<HttpAnswer>;
  /** Sends a request that needs no session. */
  anonymous(call: HmcCall): Promise<HttpAnswer>;
  /** Version of the API, as the logon tells it; logs on when needed. */
  apiVersion(waiting?: Waiting): Promise<ApiVersion>;
  /** What `ask` answered when it was asked under this key in this session; asked now when it was not. */
  remember<T>(key: string, ask: () => Promise<T>): Promise<T>;
  /** Nobody waits for this job, and nobody else knows of it: it is deleted after its end, where the HMC tells of that. */
  leaveJob(uri: string): void;
  /** Allows the next logon after a refused one; tells whether one was held back. */
  rearm(): Promise<boolean>;
}
