import { z } from 'zod';
import { WireErrorSchema } from '../common/errors/index.js';
import { MachineStateSchema, OperationSchema, TimeSchema } from '../compute/contract/index.js';
import { OPERATION_STATES } from '../compute/contract/methods/operation.js';
import { POISON_REASONS } from '../transport/codec.port.js';
import { schemaRef, type JsonObject } from './components.js';
import { EXAMPLES, EXAMPLE_OPERATION_ID, EXAMPLE_TIME } from './examples/index.js';

/** What the service says of its own accord, each a CloudEvent 1.0 in structured JSON. */

function cloudEvent<Type extends string, Data extends z.ZodType>(type: Type, data: Data) {
  return z.object({
    specversion: z.literal('1.0'),
    id: z.uuid(),
    source: z.string().describe('`/zenova/` and the name of the service'),
    type: z.literal(type),
    subject: z.string(),
    time: TimeSchema,
    datacontenttype: z.literal('application/json'),
    data,
  });
}

const OperationEventSchema = cloudEvent('zenova.operation', OperationSchema);

const PowerEventSchema = cloudEvent(
  'zenova.power',
  z.object({ host: z.string().nullable(), name: z.string(), ...MachineStateSchema.shape }),
);

const text = z.string().nullable();
const DeadLetterSchema = cloudEvent(
  'zenova.dead_letter',
  z.object({
    reason: z.enum(POISON_REASONS),
    error: WireErrorSchema,
    exchange: z.string(),
    routing_key: z.string(),
    redelivered: z.boolean(),
    properties: z.object({
      message_id: text,
      correlation_id: text,
      reply_to: text,
      user_id: text,
      app_id: text,
      content_type: text,
      content_encoding: text,
      timestamp: z.number().nullable(),
    }),
    headers: z.record(z.string(), z.json()),
    size: z.int().describe('bytes of the body'),
    sha256: z.string().describe('of the body'),
    body: z.json().optional().describe('the body, when it could be parsed, without what may be secret'),
  }),
);

export const EVENT_SCHEMAS = {
  OperationEvent: OperationEventSchema,
  PowerEvent: PowerEventSchema,
  DeadLetter: DeadLetterSchema,
} as const satisfies Record<string, z.ZodType>;

const envelope = {
  specversion: '1.0',
  id: '01990b1e-7c01-7000-8000-3c5d0e8a9b02',
  source: '/zenova/zenova-1',
  subject: 'ubuntu01',
  time: EXAMPLE_TIME,
  datacontenttype: 'application/json',
} as const;

type EventExamples = { readonly [Name in keyof typeof EVENT_SCHEMAS]: z.input<(typeof EVENT_SCHEMAS)[Name]> };
const EVENT_EXAMPLES: EventExamples = {
  OperationEvent: { ...envelope, type: 'zenova.operation', data: EXAMPLES['operation.get'].result },
  PowerEvent: {
    ...envelope,
    type: 'zenova.power',
    data: { host: 'cpc1', name: 'ubuntu01', ...EXAMPLES['power.query'].result },
  },
  DeadLetter: {
    ...envelope,
    type: 'zenova.dead_letter',
    subject: 'zenova.rpc',
    data: {
      reason: 'unknown_method',
      error: {
        code: 'REQUEST_INVALID',
        message: 'there is no method power.explode',
        retry: 'never',
        outcome: 'not-started',
        driver: null,
        target: null,
        native: null,
        details: { reason: 'unknown_method' },
        operation_id: null,
      },
      exchange: '',
      routing_key: 'zenova.rpc',
      redelivered: false,
      properties: {
        message_id: EXAMPLE_OPERATION_ID,
        correlation_id: '1',
        reply_to: null,
        user_id: 'control-plane',
        app_id: null,
        content_type: 'application/json',
        content_encoding: null,
        timestamp: null,
      },
      headers: {},
      size: 27,
      sha256: 'd2a84f4b8b650937ec8f73cd8be2c74add5a911ba64df27458ed8229da804a26',
      body: { pattern: 'power.explode' },
    },
  },
};

const SUMMARIES: Readonly<Record<keyof typeof EVENT_SCHEMAS, string>> = {
  OperationEvent: 'An operation has begun, has come further, or has ended.',
  PowerEvent: 'In this state a machine or an instance was seen at the end of its operation.',
  DeadLetter: 'A message that could not be carried out, kept for people.',
};

/** The messages by their names below `components`. */
export function eventMessages(): Record<string, JsonObject> {
  const names = Object.keys(EVENT_SCHEMAS) as (keyof typeof EVENT_SCHEMAS)[];
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        name: EVENT_EXAMPLES[name].type,
        title: name,
        summary: SUMMARIES[name],
        contentType: 'application/cloudevents+json',
        payload: schemaRef(name),
        bindings: { amqp: { messageType: EVENT_EXAMPLES[name].type, bindingVersion: '0.3.0' } },
        examples: [{ name, payload: EVENT_EXAMPLES[name] }],
      },
    ]),
  );
}

/** The words of the routing keys. */
export const EVENT_KEYS = {
  operation: {
    address: 'operation.{namespace}.{method}.{state}',
    parameters: {
      namespace: { description: 'of the method', examples: ['power', 'compute'] },
      method: { description: 'its name behind the namespace', examples: ['on', 'live_migrate'] },
      state: { description: 'of the operation', enum: [...OPERATION_STATES] },
    },
  },
  power: {
    address: 'power.{host}.{name}.{state}',
    parameters: {
      host: {
        description: '`_` for a machine of no host; bytes outside `[A-Za-z0-9_-]` as `%XX`',
        examples: ['cpc1', '_'],
      },
      name: { description: 'of the instance or machine, written likewise', examples: ['ubuntu01'] },
      state: { description: 'in which it was seen', enum: [...MachineStateSchema.shape.state.options] },
    },
  },
} as const;
