export { NestCodec } from './nest.codec.js';
export { NestReplySchema, type NestRequest } from './nest-envelope.js';
