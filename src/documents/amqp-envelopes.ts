import { z } from 'zod';
import { ComputeError } from '../common/errors/index.js';
import { METHODS, METHOD_NAMES, type MethodName } from '../compute/contract/index.js';
import { failureOf } from '../transport/oslo/oslo-failures.js';
import { RPC_VERSION } from '../transport/oslo/oslo-version.js';
import { paramsRef, partRef, resultRef, schemaRef, typeName, type JsonObject } from './components.js';
import { EXAMPLES } from './examples/index.js';

/** Requests and replies in the words of an envelope. */
export interface Envelope {
  /** Begins the names of its messages. */
  readonly prefix: string;
  /** Where the reply goes, as far as AsyncAPI can say it. */
  readonly replyAddress: JsonObject | undefined;
  request(method: MethodName): JsonObject;
  reply(method: MethodName): JsonObject;
  /** What comes before the reply, when the request asks for it. */
  part?(method: MethodName): JsonObject | undefined;
  /** Replies that every method may have besides. */
  readonly others: Readonly<Record<string, JsonObject>>;
}

export function requestName({ prefix }: Envelope, method: MethodName): string {
  return `${prefix}${typeName(method)}`;
}

function replyName({ prefix }: Envelope, method: MethodName): string {
  return `${prefix}${typeName(method)}Reply`;
}

function partName({ prefix }: Envelope, method: MethodName): string {
  return `${prefix}${typeName(method)}Part`;
}

/** Names of the messages that may come back, the reply before all others. */
export function replyNames(envelope: Envelope, method: MethodName): string[] {
  const parts = envelope.part?.(method) === undefined ? [] : [partName(envelope, method)];
  return [replyName(envelope, method), ...Object.keys(envelope.others), ...parts];
}

/** All messages of an envelope by their names below `components`. */
export function envelopeMessages(envelope: Envelope): { requests: Messages; replies: Messages } {
  const of = (name: typeof requestName, message: (method: MethodName) => JsonObject): Messages =>
    Object.fromEntries(METHOD_NAMES.map((method) => [name(envelope, method), message(method)]));
  const parts = Object.fromEntries(
    METHOD_NAMES.flatMap((method) => {
      const part = envelope.part?.(method);
      return part === undefined ? [] : [[partName(envelope, method), part]];
    }),
  );
  return {
    requests: of(requestName, (method) => envelope.request(method)),
    replies: { ...of(replyName, (method) => envelope.reply(method)), ...parts, ...envelope.others },
  };
}
type Messages = Record<string, JsonObject>;

/** AMQP's own properties; AsyncAPI knows them as headers only. */
const RequestPropertiesSchema = z.object({
  reply_to: z.string().optional().describe('queue for the reply; without it nobody gets one'),
  correlation_id: z.string().optional().describe('comes back with the reply'),
  message_id: z.string().optional().describe('names the request, when it has no idempotency_key; never used twice'),
  user_id: z.string().optional().describe('the RabbitMQ user, which the broker checks: who asks'),
  timestamp: z.int().optional().describe('seconds since 1970; deadline_ms counts from it'),
});
const ReplyPropertiesSchema = z.object({ correlation_id: z.string().optional().describe('that of the request') });
export const ENVELOPE_SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  RequestProperties: RequestPropertiesSchema,
  ReplyProperties: ReplyPropertiesSchema,
};

const ERROR_EXAMPLE = new ComputeError('INSTANCE_NOT_FOUND', 'there is no instance nobody on host cpc1', {
  driver: 'hmc-dpm',
  details: { instance: 'nobody' },
}).toWire();

const json = { contentType: 'application/json' };
const correlationId = { location: '$message.header#/correlation_id' };
const ID = '1';

/** That of Nest's RabbitMQ transport. */
export const NEST: Envelope = {
  prefix: 'Nest',
  replyAddress: { location: '$message.header#/reply_to' },
  request: (method) => ({
    name: method,
    title: `${method}, as Nest sends it`,
    summary: METHODS[method].summary,
    ...json,
    correlationId,
    headers: schemaRef('RequestProperties'),
    payload: {
      type: 'object',
      properties: {
        pattern: { type: 'string', const: method },
        data: paramsRef(method),
        id: { type: ['string', 'number'], description: 'comes back with the reply; without it nobody gets one' },
      },
      required: ['pattern', ...requiredParams(method, 'data')],
    },
    examples: [
      {
        name: 'call',
        headers: { reply_to: 'amq.rabbitmq.reply-to', correlation_id: ID },
        payload: { pattern: method, data: EXAMPLES[method].params, id: ID },
      },
    ],
  }),
  reply: (method) =>
    nestReply(
      `${method}.reply`,
      `reply to ${method}`,
      { response: resultRef(method) },
      { response: EXAMPLES[method].result },
    ),
  part: (method) => {
    const [schema, example] = [partRef(method), EXAMPLES[method]];
    if (schema === undefined || !('part' in example)) return undefined;
    const title = `what ${method} tells before its reply, with stream: true`;
    return nestReply(`${method}.part`, title, { response: schema }, { response: example.part }, { isDisposed: false });
  },
  others: {
    NestError: nestReply('error', 'why a request failed', { err: schemaRef('Error') }, { err: ERROR_EXAMPLE }),
  },
};

function nestReply(
  name: string,
  title: string,
  content: JsonObject,
  example: JsonObject,
  { isDisposed = true } = {},
): JsonObject {
  return {
    name,
    title,
    ...json,
    correlationId,
    headers: schemaRef('ReplyProperties'),
    payload: {
      type: 'object',
      properties: { ...content, isDisposed: { const: isDisposed }, id: { type: ['string', 'number', 'null'] } },
      required: [...Object.keys(content), 'isDisposed'],
    },
    examples: [{ name: 'reply', headers: { correlation_id: ID }, payload: { ...example, isDisposed, id: ID } }],
  };
}

const MSG_ID = 'a9ad6422acae42bc970a8f84ba65c1f6';
const UNIQUE_ID = '2419c492bf9648b99d72d3adb3fb7f47';
const optionalText = { type: 'string' };

/** That of oslo.messaging 2.0: a text of JSON within JSON. */
export const OSLO: Envelope = {
  prefix: 'Oslo',
  // `_reply_q` stands within a text, where no expression of AsyncAPI reaches.
  replyAddress: undefined,
  request: (method) => {
    const [namespace = '', name = ''] = method.split('.');
    return osloMessage(
      method,
      `${method}, as oslo.messaging sends it`,
      {
        method: { type: 'string', const: name },
        namespace: { type: 'string', const: namespace },
        version: { type: 'string', description: `version of the target; up to ${RPC_VERSION} is served` },
        args: paramsRef(method),
        _msg_id: { ...optionalText, description: 'comes back with the reply; without it and _reply_q this is a cast' },
        _reply_q: { ...optionalText, description: 'queue for the reply' },
        _timeout: {
          type: ['number', 'null'],
          description: 'seconds; the caller hears of a running request twice in them',
        },
        _unique_id: { ...optionalText, description: 'names the request, when it has no idempotency_key' },
        _context_request_id: optionalText,
        _context_user_id: { ...optionalText, description: 'who asks, by its own word' },
      },
      ['method', 'namespace', ...requiredParams(method, 'args')],
      {
        method: name,
        namespace,
        version: RPC_VERSION,
        args: EXAMPLES[method].params,
        _msg_id: MSG_ID,
        _reply_q: 'reply_b875ff4662924c2ea1f53a1ae31505db',
        _timeout: null,
        _unique_id: UNIQUE_ID,
      },
      METHODS[method].summary,
    );
  },
  reply: (method) =>
    osloReply(
      `${method}.reply`,
      `reply to ${method}`,
      { result: resultRef(method) },
      { result: EXAMPLES[method].result },
    ),
  others: {
    OsloFailure: osloReply(
      'failure',
      'why a request failed, as an exception that Python callers know',
      {
        failure: {
          type: 'string',
          contentMediaType: 'application/json',
          description: 'class, module, message, kwargs',
        },
      },
      { failure: failureOf(ERROR_EXAMPLE, { method: 'get_info', host: 'cpc1', instance: 'nobody' }) },
    ),
    OsloHeartbeat: osloReply(
      'heartbeat',
      'a sign of life of a request that runs',
      { ending: { const: false } },
      { ending: false },
    ),
  },
};

function osloReply(name: string, title: string, content: JsonObject, example: JsonObject): JsonObject {
  const nothing = { result: { type: 'null' }, failure: { type: 'null' }, ending: { const: true } };
  const ids = { _msg_id: { type: 'string' }, _unique_id: { type: 'string' } };
  const properties = { ...nothing, ...content, ...ids };
  const empty = { result: null, failure: null, ending: true, _msg_id: MSG_ID, _unique_id: UNIQUE_ID };
  return osloMessage(name, title, properties, Object.keys(properties), { ...empty, ...example });
}

function osloMessage(
  name: string,
  title: string,
  properties: JsonObject,
  required: readonly string[],
  example: JsonObject,
  summary: string = title,
): JsonObject {
  return {
    name,
    title,
    summary,
    ...json,
    payload: {
      type: 'object',
      properties: {
        'oslo.version': { type: 'string', pattern: '^2\\.' },
        'oslo.message': {
          type: 'string',
          description: 'the message, as JSON in a text',
          contentMediaType: 'application/json',
          contentSchema: { type: 'object', properties, required },
        },
      },
      required: ['oslo.version', 'oslo.message'],
    },
    bindings: { amqp: { contentEncoding: 'utf-8', bindingVersion: '0.3.0' } },
    examples: [{ name: 'message', payload: { 'oslo.version': '2.0', 'oslo.message': JSON.stringify(example) } }],
  };
}

/** A field for the parameters is needed by methods that need some. */
function requiredParams(method: MethodName, field: string): string[] {
  return METHODS[method].params.safeParse({}).success ? [] : [field];
}
