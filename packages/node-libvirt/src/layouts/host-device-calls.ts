import { array, struct, uint } from '../xdr/codec.js';
import { remoteCall } from './call.js';
import { flags, hostInterface, MAX_LIST, needResults, text } from './common.js';

// Network devices of the host

export const interfaceLookupByName = remoteCall(
  'interface_lookup_by_name',
  struct({ name: text }),
  struct({ interface: hostInterface }),
);
export const interfaceGetXmlDesc = remoteCall(
  'interface_get_xml_desc',
  struct({ interface: hostInterface, flags }),
  struct({ xml: text }),
);

// All devices of the host

/** @param flags what they can be, of `ConnectListAllNodeDeviceFlags`; all when zero */
export const connectListAllNodeDevices = remoteCall(
  'connect_list_all_node_devices',
  struct({ needResults, flags }),
  struct({ devices: array(struct({ name: text }), MAX_LIST), count: uint }),
);
export const nodeDeviceGetXmlDesc = remoteCall(
  'node_device_get_xml_desc',
  struct({ name: text, flags }),
  struct({ xml: text }),
);
