export { clientFailureOf, type ClientFailure } from './client-errors.js';
export type { DeadLetter } from './dead-letter.js';
export { DeadLetterQueue, type DeadLetterQueueOptions, type HeldLetter, type Reading } from './dead-letter-queue.js';
export type { ReceivedEvent } from './event-subscription.js';
export { ZenovaClient, type CallOptions, type MethodInput, type ZenovaClientOptions } from './zenova-client.js';
export type { OperationReference, WatchOptions } from './watch-operation.js';
export { ComputeError, type ErrorCode, type WireError } from '../common/errors/index.js';
