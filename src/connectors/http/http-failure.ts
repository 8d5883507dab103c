/**
 * Why a request got no answer:
 * - `unreachable`: no connection came about (name unknown, refused, TLS handshake broken, connect time-out, a redirect that is not followed);
 * - `untrusted`: the certificate is not the one we trust, nothing was sent;
 * - `timeout`: no complete answer in time;
 * - `reset`: the connection broke before the answer was complete;
 * - `too-large`: the answer is larger than allowed;
 * - `closed`: the client was closed.
 */
export type HttpFailureKind = 'unreachable' | 'untrusted' | 'timeout' | 'reset' | 'too-large' | 'closed';

/**
 * A request without an answer. It holds a code and a text only, never the request, its headers or its body, so that it
 * can be logged as it is.
 */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';

  constructor(
    readonly kind: HttpFailureKind,
    message: string,
    /** Code of Node or OpenSSL: `ECONNREFUSED`, `CERT_HAS_EXPIRED`. */
    readonly code: string | undefined,
    /** Whether bytes of the request may have left; `no` proves that the other side executed nothing. */
    readonly sent: 'no' | 'perhaps',
    /** The connection had served another request before, so the other side may have closed it for idleness. */
    readonly isReusedConnection = false,
  ) {
    super(message);
  }
}
