export { MAX_REQUEST_BYTES, NEST_ENVELOPE, NestCodec } from './nest.codec.js';
export { NestReplySchema, NestRequestSchema, type NestReply, type NestRequest } from './nest-envelope.js';
