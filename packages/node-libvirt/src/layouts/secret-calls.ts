import { array, int, nothing, opaque, struct, uint } from '../xdr/codec.js';
import { remoteCall } from './call.js';
import { flags, MAX_LIST, secret, text, uuid } from './common.js';
import { listArgs } from './connect-calls.js';

const MAX_SECRET_BYTES = 65_536;

const ofSecret = struct({ secret });

export const connectListAllSecrets = remoteCall(
  'connect_list_all_secrets',
  listArgs,
  struct({ secrets: array(secret, MAX_LIST), count: uint }),
);
export const secretDefineXml = remoteCall('secret_define_xml', struct({ xml: text, flags }), ofSecret);
export const secretLookupByUuid = remoteCall('secret_lookup_by_uuid', struct({ uuid }), ofSecret);
export const secretLookupByUsage = remoteCall(
  'secret_lookup_by_usage',
  struct({ usageType: int, usageId: text }),
  ofSecret,
);
export const secretSetValue = remoteCall(
  'secret_set_value',
  struct({ secret, value: opaque(MAX_SECRET_BYTES), flags }),
  nothing,
);
/** What is private, the daemon gives to nobody. */
export const secretGetValue = remoteCall(
  'secret_get_value',
  struct({ secret, flags }),
  struct({ value: opaque(MAX_SECRET_BYTES) }),
);
export const secretUndefine = remoteCall('secret_undefine', ofSecret, nothing);
