import type { ConsumeMessage } from 'amqplib';
import { ComputeError, WireErrorSchema, describeIssues } from '../common/errors/index.js';
import {
  METHODS,
  type MethodDefinition,
  type MethodName,
  type MethodProgress,
  type MethodResult,
} from '../compute/contract/index.js';
import { parseBoundedJson } from '../common/bounded-json.js';
import { NestPartSchema, NestReplySchema } from '../transport/nest-rmq/index.js';
import { notAsAgreed } from './client-errors.js';

/**
 * What a reply says.
 *
 * @throws ComputeError the one that the service sent, or BACKEND_PROTOCOL when it is not one of ours
 */
export function readReply<M extends MethodName>(method: M, message: ConsumeMessage): MethodResult<M> {
  const json = parseBoundedJson(message.content);
  if (json.kind !== 'value') throw notAsAgreed(method, 'it is not JSON, or nested too deep');
  const reply = NestReplySchema.safeParse(json.value);
  if (!reply.success) throw notAsAgreed(method, describeIssues(reply.error.issues).text);
  const { err, response } = reply.data;
  if (err !== undefined && err !== null) {
    const error = WireErrorSchema.safeParse(err);
    throw error.success ? ComputeError.fromWire(error.data) : notAsAgreed(method, foreignError(err));
  }
  const result = METHODS[method].result.safeParse(response);
  if (!result.success) throw notAsAgreed(method, describeIssues(result.error.issues).text);
  return result.data as MethodResult<M>;
}

/** What a message tells that is not the reply yet; undefined for the reply itself. */
export function readPart<M extends MethodName>(
  method: M,
  message: ConsumeMessage,
): { readonly progress: MethodProgress<M> | undefined } | undefined {
  const json = parseBoundedJson(message.content);
  const part = NestPartSchema.safeParse(json.kind === 'value' ? json.value : undefined);
  if (!part.success) return undefined;
  const { progress: schema }: MethodDefinition = METHODS[method];
  // What is not as agreed is left out: the reply has all of it.
  const told = schema?.safeParse(part.data.response);
  return { progress: told?.success === true ? (told.data as MethodProgress<M>) : undefined };
}

/** What can be told of an error that a newer service, or something else on the queue, sent. */
function foreignError(err: unknown): string {
  const fields = typeof err === 'object' && err !== null ? err : {};
  const text = (name: string): string => {
    const value: unknown = (fields as Record<string, unknown>)[name];
    return typeof value === 'string' ? value.slice(0, 500) : '';
  };
  return `an error of unknown form${[text('code'), text('message')].map((part) => (part === '' ? '' : `, ${part}`)).join('')}`;
}
