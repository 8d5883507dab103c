import { z } from 'zod';

/**
 * The envelope 2.0 of oslo.messaging (16.1, `_drivers/common.py`): JSON, whose one text holds the message as JSON again.
 */

const MAX_TEXT = 255;
/** Something that helps when it is there and as expected, and is absent otherwise. */
const optionalText = z.string().min(1).max(MAX_TEXT).optional().catch(undefined);

/** Any minor version is taken: what one adds is ignored, as everywhere here. */
export const OsloOuterSchema = z.object({
  'oslo.version': z.string().regex(/^2\.\d{1,5}$/, 'only envelopes of version 2 are understood'),
  'oslo.message': z.string(),
});

/** A request: a call when it has `_msg_id` and `_reply_q`, else a cast. */
export const OsloRequestSchema = z.object({
  method: z.string().max(MAX_TEXT),
  args: z.record(z.string(), z.unknown()).nullish(),
  namespace: z.string().max(MAX_TEXT).nullish(),
  version: z
    .string()
    .regex(/^\d{1,5}(\.\d{1,5}){1,2}$/, 'is no version such as 1.0')
    .nullish(),
  _unique_id: optionalText,
  _context_request_id: optionalText,
  _context_user_id: optionalText,
  _context_user: optionalText,
});
export type OsloRequest = z.infer<typeof OsloRequestSchema>;

/** Where the reply to a call goes; read by itself, so that a call that is wrong otherwise is answered too. */
export const OsloCallerSchema = z.object({
  _msg_id: z.string().min(1).max(MAX_TEXT),
  _reply_q: z.string().min(1).max(MAX_TEXT),
  /** Seconds after which the caller's monitor gives up, unless it hears of us. */
  _timeout: z.number().nullish().catch(undefined),
});
export type OsloCaller = z.infer<typeof OsloCallerSchema>;

/** What a call was about, for the arguments of Python exceptions. */
export const OsloSubjectSchema = z.object({
  method: z.string(),
  host: z.string().nullable(),
  instance: z.string().nullable(),
});
export type OsloSubject = z.infer<typeof OsloSubjectSchema>;

/** Where an oslo reply goes, as it is kept in the journal. */
export const OsloAddressSchema = z.object({
  queue: z.string().min(1),
  msg_id: z.string(),
  subject: OsloSubjectSchema,
  /** The caller's monitor wants a sign of life so often; null for one without a monitor. */
  heartbeat_ms: z.number().positive().nullable().default(null),
});
export type OsloAddress = z.infer<typeof OsloAddressSchema>;
