import { array, nothing, struct, uint } from '../xdr/codec.js';
import { remoteCall } from './call.js';
import { flag, flags, MAX_LIST, network, networkFilter as filter, text, uuid } from './common.js';
import { listArgs } from './connect-calls.js';

const ofNetwork = struct({ network });
const ofFilter = struct({ filter });

// Networks

export const connectListAllNetworks = remoteCall(
  'connect_list_all_networks',
  listArgs,
  struct({ networks: array(network, MAX_LIST), count: uint }),
);
export const networkLookupByName = remoteCall('network_lookup_by_name', struct({ name: text }), ofNetwork);
export const networkLookupByUuid = remoteCall('network_lookup_by_uuid', struct({ uuid }), ofNetwork);
export const networkGetXmlDesc = remoteCall('network_get_xml_desc', struct({ network, flags }), struct({ xml: text }));
export const networkIsActive = remoteCall('network_is_active', ofNetwork, struct({ active: flag }));

// Filters

export const connectListAllNwfilters = remoteCall(
  'connect_list_all_nwfilters',
  listArgs,
  struct({ filters: array(filter, MAX_LIST), count: uint }),
);
export const nwfilterLookupByName = remoteCall('nwfilter_lookup_by_name', struct({ name: text }), ofFilter);
export const nwfilterLookupByUuid = remoteCall('nwfilter_lookup_by_uuid', struct({ uuid }), ofFilter);
/** One of the same name and UUID is replaced, and guests that use it get the new rules. */
export const nwfilterDefineXml = remoteCall('nwfilter_define_xml', struct({ xml: text }), ofFilter);
export const nwfilterGetXmlDesc = remoteCall('nwfilter_get_xml_desc', struct({ filter, flags }), struct({ xml: text }));
export const nwfilterUndefine = remoteCall('nwfilter_undefine', ofFilter, nothing);
