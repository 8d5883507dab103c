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
