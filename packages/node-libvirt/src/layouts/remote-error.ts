import { int, optional, type OutOf, struct } from '../xdr/codec.js';
import { domain, network, optionalText } from './common.js';

/** The payload of every message with the status `ERROR`. */
export const remoteError = struct({
  code: int,
  domain: int,
  message: optionalText,
  level: int,
  ofDomain: optional(domain),
  text1: optionalText,
  text2: optionalText,
  text3: optionalText,
  int1: int,
  int2: int,
  ofNetwork: optional(network),
});
export type RemoteError = OutOf<typeof remoteError>;
