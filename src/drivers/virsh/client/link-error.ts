/**
 * Why the link itself sends nothing:
 * - `held-back`: an earlier logon with this credential was refused;
 * - `closed`: the link was given back.
 */
export type LinkErrorKind = 'held-back' | 'closed';

export class LinkError extends Error {
  override readonly name = 'LinkError';

  constructor(
    readonly kind: LinkErrorKind,
    message: string,
  ) {
    super(message);
  }
}

/** There is no connection, for the reason that is its cause: of the call that wanted one, nothing was sent. */
export class NotConnectedError extends Error {
  override readonly name = 'NotConnectedError';

  constructor(override readonly cause: Error) {
    super(cause.message, { cause });
  }
}
