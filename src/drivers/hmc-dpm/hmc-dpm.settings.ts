import { z } from 'zod';
import { Secret } from '../../common/secret.js';
import { ImageSourceSchema } from '../../compute/contract/index.js';
import { normaliseFingerprint, type TlsTrust } from '../../connectors/http/index.js';
import { parseHmcAddress, type HmcAddress } from './client/hmc-address.js';
import type { RedundantAccess } from './client/hmc-pool.js';
import { DEFAULT_PACING, type HmcPlace } from './operations/hmc-place.js';
import { pacingFields } from '../kit/index.js';

/** An HMC's address in any of its forms, read. */
export const HmcAddressSchema = z
  .string()
  .min(1)
  .max(300)
  .transform((text, context) => {
    const address = parseHmcAddress(text);
    if (typeof address !== 'string') return address;
    context.issues.push({ code: 'custom', message: address, input: text });
    return z.NEVER;
  });

/** Redundant HMCs, or one. */
const EndpointSchema = z
  .union([HmcAddressSchema, z.array(HmcAddressSchema).min(1).max(10)])
  .transform((given) => (Array.isArray(given) ? given : [given]))
  .refine((addresses) => new Set(addresses.map(({ label }) => label)).size === addresses.length, {
    error: 'the same HMC is there twice',
  })
  // The schema wants one at least.
  .transform((addresses) => addresses as [HmcAddress, ...HmcAddress[]]);

/** How the HMC's certificate is verified; without it, by the CAs of the system. */
const TlsSchema = z
  .union([
    z.strictObject({
      ca_file: z.string().min(1).describe('path of a PEM file with the CA, or with the certificate itself'),
    }),
    z.strictObject({ ca: z.string().includes('-----BEGIN CERTIFICATE-----').describe('the same, as text') }),
    z.strictObject({
      fingerprint_sha256: z
        .string()
        .refine((text) => normaliseFingerprint(text) !== undefined, 'expected 64 hexadecimal digits, colons allowed')
        .describe('SHA-256 fingerprint of the certificate, which is then the only one accepted'),
    }),
    z.strictObject({
      verify: z.literal(false).describe('accept any certificate: whoever is in between can read the password'),
    }),
  ])
  .transform((tls): TlsTrust => {
    if ('ca_file' in tls) return { kind: 'ca-file', path: tls.ca_file };
    if ('ca' in tls) return { kind: 'ca', pem: tls.ca };
    if ('fingerprint_sha256' in tls) {
      const { fingerprint_sha256: text } = tls;
      return { kind: 'pinned', fingerprintSha256: normaliseFingerprint(text) ?? text };
    }
    return { kind: 'unverified' };
  });

/** How LPARs are activated and loaded, when the CPC is in classic mode. */
const classicShape = {
  activation_profile: z
    .string()
    .min(1)
    .max(16)
    .optional()
    .describe('image or load profile; without it, the one that the HMC has for the next activation'),
  load_address: z
    .string()
    .regex(/^[0-9A-Fa-f]{4,5}$/, 'expected a device number of 4 or 5 hexadecimal digits')
    .optional()
    .describe('device to load from; without it, the one that was loaded from last'),
  load_parameter: z.string().max(8).optional().describe('load control string'),
} as const;

const ClassicSchema = z.strictObject({
  ...classicShape,
  load_at_activation: z
    .boolean()
    .default(false)
    .describe('the activation profile loads the operating system too, so that activating is enough'),
  lpars: z
    .record(z.string().min(1), z.strictObject({ ...classicShape, load_at_activation: z.boolean().optional() }))
    .default({})
    .describe('the same for single LPARs, by name'),
});

const printable = z.string().min(1).max(255);

/**
 * Settings of a host of this driver. `password` arrives as a {@link Secret}: the configuration resolves `{file: …}` and
 * `{env: …}` before this schema sees it.
 */
export const HmcDpmSettingsSchema = z.strictObject({
  endpoint: EndpointSchema.describe(
    'the HMC: host, host:port, [IPv6]:port or https URL; the port is 6794 if not given. A list: HMCs of the same CPC, the next is used when one fails',
  ),
  userid: printable.describe('HMC user with access to the Web Services API'),
  password: z.instanceof(Secret, { error: 'expected a secret: {file: path} or {env: name}' }).describe('its password'),
  cpc: printable.describe('name of the CPC, exactly as the HMC shows it'),
  tls: TlsSchema.default({ kind: 'system' }).describe(
    'how the certificate of the HMC is verified; without it, by the CAs of the system',
  ),
  ...pacingFields(DEFAULT_PACING, {
    request: 'longest time for one request to the HMC',
    operation: 'longest time for a whole start, stop or reboot',
    poll: 'how often a job or a status is looked at',
  }),
  rescue_image: ImageSourceSchema.omit({ token: true })
    .optional()
    .describe(
      'what partitions are rescued with when a request names nothing: an ISO image, or a tar with kernel and initrd',
    ),
  classic: ClassicSchema.prefault({}).describe('how LPARs are activated and loaded, when the CPC is in classic mode'),
  max_concurrent_requests: z
    .int()
    .min(1)
    .max(100)
    .default(10)
    .describe('requests to this HMC at the same time, at most; fewer while it says that it is busy'),
  notifications: z
    .strictObject({
      enabled: z.boolean().default(true).describe('listen to what the HMC tells by itself'),
      port: z.int().min(1).max(65_535).default(61_612).describe('where its STOMP server listens'),
    })
    .prefault({})
    .describe('states and ends of jobs as the HMC tells them; without them it is asked'),
});
export type HmcDpmSettings = z.output<typeof HmcDpmSettingsSchema>;

/** How each of the HMCs is reached, in the order in which they are tried. */
export function accessesOf({ endpoint: [first, ...others], ...settings }: HmcDpmSettings): RedundantAccess {
  const same = {
    userid: settings.userid,
    password: settings.password,
    trust: settings.tls,
    requestTimeoutMs: settings.request_timeout_ms,
    maxConcurrentRequests: settings.max_concurrent_requests,
  };
  return [{ ...same, address: first }, ...others.map((address) => ({ ...same, address }))];
}

/** How the LPARs of a CPC in classic mode are activated and loaded. */
export function classicOf({ classic: { lpars, ...common } }: HmcDpmSettings): HmcPlace['classic'] {
  return (name) => {
    const own = Object.hasOwn(lpars, name) ? lpars[name] : undefined;
    return { ...common, ...own, load_at_activation: own?.load_at_activation ?? common.load_at_activation };
  };
}
