/** What does not fit into XDR: bytes of a peer that are none, or a value of ours that has no place there. */
export class XdrError extends Error {
  override readonly name = 'XdrError';
}
