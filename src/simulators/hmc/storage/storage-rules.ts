import {
  flag,
  hex,
  integer,
  fraction,
  listOf,
  name,
  oneOf,
  rule,
  text,
  type PropertyRules,
} from '../property-rules.js';
import { STORAGE_TYPES, VOLUME_USAGES } from './storage.schema.js';

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** To whom the HMC writes; it never says so afterwards. */
export const EMAIL_RULES: PropertyRules = {
  'email-to-addresses': rule('always', listOf(text), null),
  'email-cc-addresses': rule('always', listOf(text), null),
  'email-insert': rule('always', text, null),
};

/** Fields of the requests that create and modify a storage group (hmc-dpm.md section 12). */
export const GROUP_RULES: PropertyRules = {
  name: rule('always', name, null),
  description: rule('always', text, ''),
  'cpc-uri': rule('create', text, null),
  type: rule('create', oneOf(...STORAGE_TYPES), null),
  shared: rule('always', flag, true),
  connectivity: rule('always', integer(1, 64), null),
  'max-partitions': rule('always', integer(1, 1000), null),
  'storage-volumes': rule('always', listOf(isObject), []),
  ...EMAIL_RULES,
};

/** Fields of what is asked for a volume, in either request; those of ECKD and NVMe volumes are accepted and forgotten. */
export const VOLUME_RULES: PropertyRules = {
  operation: rule('always', oneOf('create', 'modify', 'delete'), null),
  'element-uri': rule('always', text, null),
  name: rule('always', name, null),
  description: rule('always', text, ''),
  usage: rule('always', oneOf(...VOLUME_USAGES), 'data'),
  size: rule('always', fraction(0.01, 65_536), null),
  model: rule('always', text, null),
  cylinders: rule('always', integer(1, 1_182_006), null),
  'device-number': rule('always', hex(4), null),
  'eckd-type': rule('always', oneOf('base', 'alias'), null),
  'adapter-uri': rule('always', text, null),
};

const wwpn = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);

/** Fields of the request that tells of the fulfilment of an FCP volume. */
export const FCP_FULFILMENT_RULES: PropertyRules = {
  'world-wide-port-name': rule('always', wwpn, null),
  'logical-unit-number': rule('always', wwpn, null),
  'adapter-port-uri': rule('always', text, null),
};

/** Fields of the request that tells of the fulfilment of an ECKD volume. */
export const FICON_FULFILMENT_RULES: PropertyRules = {
  'control-unit-uri': rule('always', text, null),
  'unit-address': rule('always', hex(2), null),
};

export const PORT_RULES: PropertyRules = { 'adapter-port-uris': rule('always', listOf(text), []) };

export const DISCOVERY_RULES: PropertyRules = { 'force-restart': rule('always', flag, false) };
