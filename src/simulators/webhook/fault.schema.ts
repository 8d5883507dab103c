import { z } from 'zod';
import { faultMatchShape } from '../kit/faults.js';

const match = {
  ...faultMatchShape,
  machine: z.string().max(200).optional().describe('Only requests about the machine of this name'),
};
const when = z
  .enum(['before', 'after'])
  .default('before')
  .describe('Before the request is executed (and then, except for slow, instead), or after it');

/** Faults, by what they do to an answer. The README of this folder describes each for operators. */
export const WebhookFaultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('slow'), ...match, when, delay_ms: z.int().min(0).max(3_600_000) }),
  z.strictObject({
    kind: z.literal('error'),
    ...match,
    when,
    status: z.int().min(400).max(599),
    text: z.string().max(1000).default('refused by a fault profile'),
  }),
  z.strictObject({
    kind: z.literal('redirect'),
    ...match,
    when,
    status: z.union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)]).default(302),
    location: z.string().max(2000).describe('Where it leads to, relative or another server'),
  }),
  z.strictObject({ kind: z.literal('html'), ...match, when, text: z.string().max(1000).default('Please log in') }),
  z.strictObject({ kind: z.literal('answer-lost'), ...match, when }),
  z.strictObject({ kind: z.literal('endless-body'), ...match, when }),
  z.strictObject({ kind: z.literal('binary'), ...match, when }),
  z.strictObject({
    kind: z.literal('other-text'),
    ...match,
    when,
    text: z.string().max(20_000).describe('Said in place of the true answer'),
  }),
  z.strictObject({ kind: z.literal('ignored'), ...match }),
]);

export type WebhookFault = z.output<typeof WebhookFaultSchema>;
/** As written in an inventory or a test: defaults may be left out. */
export type WebhookFaultInput = z.input<typeof WebhookFaultSchema>;
