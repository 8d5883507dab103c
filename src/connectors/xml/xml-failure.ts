/**
 * Why a text is not taken:
 * - `too-large`, `too-deep`: beyond what an answer can reasonably be;
 * - `doctype`: it declares a document type, which could define entities;
 * - `malformed`: it is not XML, or was cut off in the middle;
 * - `bad-character`: it holds a character that XML 1.0 has no way to write;
 * - `unexpected`: it is XML, but not what was asked for.
 */
export type XmlFailureKind = 'too-large' | 'too-deep' | 'doctype' | 'malformed' | 'bad-character' | 'unexpected';

/** XML that cannot be read, or a value that cannot be written as XML. It repeats no value, so that it can be logged as it is. */
export class XmlFailure extends Error {
  override readonly name = 'XmlFailure';

  constructor(
    readonly kind: XmlFailureKind,
    message: string,
  ) {
    super(message);
  }
}
