import { z } from 'zod';
import { faultMatchShape } from '../kit/faults.js';
import { FULFILMENTS } from './storage/storage.schema.js';
import { NOTIFICATION_TYPES } from './notifications/notification-types.js';
import { PARTITION_STATUSES } from './statuses.js';

const match = {
  ...faultMatchShape,
  partition: z.string().max(200).optional().describe('Only requests about the partition of this name'),
  cpc: z.string().max(200).optional().describe('Only requests about partitions of this CPC'),
};
/** These hit notifications on their way to a subscriber; `method` is MESSAGE and `path` the topic. */
const notificationMatch = {
  ...match,
  notification: z.enum(NOTIFICATION_TYPES).optional().describe('Only notifications of this type'),
};
const delayMs = z.int().min(0).max(3_600_000);
const when = z
  .enum(['before', 'after'])
  .default('before')
  .describe('Before the request is executed (and then, except for slow, instead), or after it');

/** Faults, by the point at which they strike. The README of this folder describes each for operators. */
export const HmcFaultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('slow'), ...match, when, delay_ms: delayMs }),

  z.strictObject({ kind: z.literal('session-expired'), ...match }),
  z.strictObject({ kind: z.literal('logon-refused'), ...match }),
  z.strictObject({ kind: z.literal('busy'), ...match }),
  z.strictObject({ kind: z.literal('unavailable'), ...match }),
  z.strictObject({
    kind: z.literal('error'),
    ...match,
    status: z.int().min(400).max(599),
    reason: z.int().min(0),
    message: z.string().max(1000).default('Refused by a fault profile'),
  }),
  z.strictObject({ kind: z.literal('connection-reset'), ...match }),

  z.strictObject({ kind: z.literal('job-cancelled'), ...match }),
  z.strictObject({ kind: z.literal('job-lost'), ...match }),
  z.strictObject({
    kind: z.literal('job-failed'),
    ...match,
    status: z.int().min(400).max(599).default(500),
    reason: z.int().min(0).default(0),
    message: z.string().max(1000).default('The operation failed'),
    ends_as: z.enum(PARTITION_STATUSES).optional().describe('Status left behind; the old one when absent'),
  }),
  z.strictObject({ kind: z.literal('never-reaches'), ...match }),
  z.strictObject({ kind: z.literal('ignored'), ...match }),

  z.strictObject({
    kind: z.literal('fulfilment'),
    ...match,
    storage_group: z.string().max(64).optional().describe('Only volumes of the group of this name'),
    volume: z.string().max(64).optional().describe('Only volumes of this name'),
    ends_as: z.enum(FULFILMENTS).exclude(['complete']),
  }),

  z.strictObject({
    kind: z.literal('html-error'),
    ...match,
    when,
    status: z.int().min(200).max(599).default(500),
    text: z.string().max(1000).default('Web Services are not enabled'),
  }),
  z.strictObject({ kind: z.literal('answer-lost'), ...match }),
  z.strictObject({ kind: z.literal('truncated-json'), ...match }),
  z.strictObject({ kind: z.literal('wrong-types'), ...match }),
  z.strictObject({ kind: z.literal('endless-body'), ...match }),

  z.strictObject({ kind: z.literal('stomp-refused'), ...match }),
  z.strictObject({ kind: z.literal('stomp-cut'), ...notificationMatch }),
  z.strictObject({ kind: z.literal('notification-lost'), ...notificationMatch }),
  z.strictObject({ kind: z.literal('notification-late'), ...notificationMatch, delay_ms: delayMs }),
  z.strictObject({ kind: z.literal('notification-twice'), ...notificationMatch }),
]);

export type HmcFault = z.output<typeof HmcFaultSchema>;
/** As written in an inventory or a test: defaults may be left out. */
export type HmcFaultInput = z.input<typeof HmcFaultSchema>;
