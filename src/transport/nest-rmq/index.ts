export { NestCodec } from './nest.codec.js';
export { NestPartSchema, NestReplySchema, type NestRequest } from './nest-envelope.js';
