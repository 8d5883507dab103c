import { z } from 'zod';
import type { PowerParameter } from '../../../compute/contract/index.js';
import { Secret } from '../../../common/secret.js';
import { DEFAULT_OFF_PATTERN, DEFAULT_ON_PATTERN, StatePatternSchema } from './state-pattern.js';
import { WebhookAddressSchema } from './webhook-address.js';

/** MAAS hands over an empty text for what nobody filled in. */
const optionalText = (schema: z.ZodString) =>
  z.union([z.literal('').transform(() => undefined), schema], { error: 'must be a text' }).optional();
const secret = (text: string | undefined): Secret | undefined => (text === undefined ? undefined : new Secret(text));

/** The parameters of a machine behind a webhook; names and defaults are MAAS's (power-drivers.md section 24). */
export const WebhookParametersSchema = z
  .strictObject({
    power_on_uri: WebhookAddressSchema,
    power_off_uri: WebhookAddressSchema,
    power_query_uri: WebhookAddressSchema,
    power_on_regex: z.string().default(DEFAULT_ON_PATTERN).pipe(StatePatternSchema),
    power_off_regex: z.string().default(DEFAULT_OFF_PATTERN).pipe(StatePatternSchema),
    power_user: optionalText(
      z
        .string()
        .max(255)
        .regex(/^[^:\p{Cc}]*$/u, 'must not hold a colon or control characters'),
    ),
    power_pass: optionalText(z.string().max(1024)).transform(secret),
    power_token: optionalText(
      z
        .string()
        .max(4096)
        .regex(/^[\x21-\x7e]*$/, 'may hold visible ASCII characters only, and no space'),
    ).transform(secret),
    power_verify_ssl: z.enum(['y', 'n']).default('n'),
  })
  .superRefine(({ power_user: user, power_pass: pass }, context) => {
    if ((user === undefined) === (pass === undefined)) return;
    const [given, absent] = user === undefined ? ['power_pass', 'power_user'] : ['power_user', 'power_pass'];
    context.addIssue({ code: 'custom', path: [absent], message: `is missing beside ${given}: give both, or none` });
  });
export type WebhookParameters = z.output<typeof WebhookParametersSchema>;

/** The same as MAAS lists them; what has a default need not be given. */
export const WEBHOOK_PARAMETERS: readonly PowerParameter[] = [
  { name: 'power_on_uri', label: 'URI to power on the node', fieldType: 'string', required: true },
  { name: 'power_off_uri', label: 'URI to power off the node', fieldType: 'string', required: true },
  { name: 'power_query_uri', label: "URI to query the node's power status", fieldType: 'string', required: true },
  {
    name: 'power_on_regex',
    label: 'Regular expression that tells that the node is on',
    fieldType: 'string',
    default: DEFAULT_ON_PATTERN,
  },
  {
    name: 'power_off_regex',
    label: 'Regular expression that tells that the node is off',
    fieldType: 'string',
    default: DEFAULT_OFF_PATTERN,
  },
  { name: 'power_user', label: 'Power user', fieldType: 'string' },
  { name: 'power_pass', label: 'Power password', fieldType: 'password', secret: true },
  {
    name: 'power_token',
    label: 'Power token, used in place of user and password',
    fieldType: 'password',
    secret: true,
  },
  {
    name: 'power_verify_ssl',
    label: 'Verify TLS certificates',
    fieldType: 'choice',
    choices: [
      ['n', 'No'],
      ['y', 'Yes'],
    ],
    default: 'n',
  },
];
