import { array, int, nothing, struct } from '../xdr/codec.js';
import { remoteCall } from './call.js';
import { domain, flags, MAX_LIST, needResults, snapshot, text } from './common.js';

export const domainSnapshotCreateXml = remoteCall(
  'domain_snapshot_create_xml',
  struct({ domain, xml: text, flags }),
  struct({ snapshot }),
);
export const domainSnapshotLookupByName = remoteCall(
  'domain_snapshot_lookup_by_name',
  struct({ domain, name: text, flags }),
  struct({ snapshot }),
);
export const domainListAllSnapshots = remoteCall(
  'domain_list_all_snapshots',
  struct({ domain, needResults, flags }),
  struct({ snapshots: array(snapshot, MAX_LIST), count: int }),
);
export const domainSnapshotGetXmlDesc = remoteCall(
  'domain_snapshot_get_xml_desc',
  struct({ snapshot, flags }),
  struct({ xml: text }),
);
export const domainRevertToSnapshot = remoteCall('domain_revert_to_snapshot', struct({ snapshot, flags }), nothing);
export const domainSnapshotDelete = remoteCall('domain_snapshot_delete', struct({ snapshot, flags }), nothing);
