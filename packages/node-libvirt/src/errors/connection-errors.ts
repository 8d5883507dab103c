/**
 * Why a call has no answer of libvirt. `wasSent` tells whether the daemon may have got it, and so may have done what was
 * asked.
 */
abstract class Unanswered extends Error {
  constructor(
    message: string,
    readonly wasSent: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** There is no connection, or there is none any more. */
export class ConnectionLostError extends Unanswered {
  override readonly name: string = 'ConnectionLostError';
}

/** The daemon did not answer in time. It may still do what was asked. */
export class CallTimeoutError extends Unanswered {
  override readonly name = 'CallTimeoutError';
}

/** The peer sent what libvirt does not send. The connection is over then. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** The daemon asks for a proof of identity that this client cannot give. */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';
}
