import { z } from 'zod';
import { NameSchema } from '../fields.js';

export const TagSchema = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]{1,60}$/, 'must be 1 to 60 letters, digits, or any of _ . : -')
  .describe('by which the guest can find the device');

const aCidr = z.union([z.cidrv4(), z.cidrv6()]);
// Its words for them are none of JSON Schema's formats.
const cidr = z
  .string()
  .max(64)
  .refine((text) => aCidr.safeParse(text).success, { message: 'must be an address and a prefix' });
export const MacSchema = z
  .string()
  .regex(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$/, 'must be six pairs of hexadecimal digits with colons');
const ip = z.union([z.ipv4(), z.ipv6()]);
const kbps = z.int().min(1).max(4_000_000_000);

/** A network interface of an instance. */
export const NetworkSchema = z.strictObject({
  name: NameSchema.describe("the host's network, bridge or adapter, by the name that its driver knows"),
  vlan: z.int().min(1).max(4094).optional().describe('its packets carry this VLAN id (default: none)'),
  mac: MacSchema.optional().describe('its MAC address (default: one is made up)'),
  addresses: z
    .array(
      z.strictObject({
        address: cidr.describe('address and length of the prefix: 192.0.2.7/24'),
        gateway: ip.optional(),
        nameservers: z.array(ip).max(10).optional(),
      }),
    )
    .max(100)
    .optional()
    .describe('its fixed addresses (default: it asks for one)'),
  tag: TagSchema.optional(),
  resource_request: z
    .strictObject({
      ingress_kbps: kbps.optional().describe('bandwidth towards the instance, kilobits a second'),
      egress_kbps: kbps.optional().describe('bandwidth from the instance, kilobits a second'),
    })
    .optional()
    .describe('bandwidth that it must be given'),
  forwarding: z
    .enum(['nat', 'route'])
    .optional()
    .describe('the host forwards its packets to other networks, with their addresses translated (nat) or not (route)'),
});
export type Network = z.infer<typeof NetworkSchema>;

/** A rule about the packets of one instance. */
export const FirewallRuleSchema = z.strictObject({
  direction: z.enum(['ingress', 'egress']).describe('ingress: towards the instance'),
  protocol: z.enum(['tcp', 'udp', 'icmp', 'any']),
  ports: z
    .string()
    .regex(/^\d{1,5}(-\d{1,5})?$/, 'must be a port or a range of ports: 80 or 8000-8080')
    .optional()
    .describe('a port of tcp or udp, or a range of them (default: all)'),
  remote: cidr.optional().describe('the other end (default: anybody)'),
});
export type FirewallRule = z.infer<typeof FirewallRuleSchema>;
