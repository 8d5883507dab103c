import { array, int, nothing, struct, uint, unsignedHyper } from '../xdr/codec.js';
import { remoteCall, streamCall } from './call.js';
import {
  flag,
  flags,
  MAX_LIST,
  needResults,
  storagePool as pool,
  storageVolume as volume,
  text,
  uuid,
} from './common.js';
import { listArgs } from './connect-calls.js';

const ofPool = struct({ pool });
const ofVolume = struct({ volume });
const poolWithFlags = struct({ pool, flags });
const fromXml = struct({ xml: text, flags });

// Pools

export const connectListAllStoragePools = remoteCall(
  'connect_list_all_storage_pools',
  listArgs,
  struct({ pools: array(pool, MAX_LIST), count: uint }),
);
export const storagePoolLookupByName = remoteCall('storage_pool_lookup_by_name', struct({ name: text }), ofPool);
export const storagePoolLookupByUuid = remoteCall('storage_pool_lookup_by_uuid', struct({ uuid }), ofPool);
export const storagePoolLookupByTargetPath = remoteCall(
  'storage_pool_lookup_by_target_path',
  struct({ path: text }),
  ofPool,
);
export const storagePoolDefineXml = remoteCall('storage_pool_define_xml', fromXml, ofPool);
export const storagePoolCreateXml = remoteCall('storage_pool_create_xml', fromXml, ofPool);
export const storagePoolBuild = remoteCall('storage_pool_build', poolWithFlags, nothing);
export const storagePoolCreate = remoteCall('storage_pool_create', poolWithFlags, nothing);
export const storagePoolDestroy = remoteCall('storage_pool_destroy', ofPool, nothing);
export const storagePoolDelete = remoteCall('storage_pool_delete', poolWithFlags, nothing);
export const storagePoolUndefine = remoteCall('storage_pool_undefine', ofPool, nothing);
export const storagePoolRefresh = remoteCall('storage_pool_refresh', poolWithFlags, nothing);
export const storagePoolSetAutostart = remoteCall(
  'storage_pool_set_autostart',
  struct({ pool, autostart: flag }),
  nothing,
);
export const storagePoolIsActive = remoteCall('storage_pool_is_active', ofPool, struct({ active: flag }));
export const storagePoolGetInfo = remoteCall(
  'storage_pool_get_info',
  ofPool,
  struct({ state: uint, capacity: unsignedHyper, allocation: unsignedHyper, available: unsignedHyper }),
);
export const storagePoolGetXmlDesc = remoteCall('storage_pool_get_xml_desc', poolWithFlags, struct({ xml: text }));

// Volumes

export const storagePoolListAllVolumes = remoteCall(
  'storage_pool_list_all_volumes',
  struct({ pool, needResults, flags }),
  struct({ volumes: array(volume, MAX_LIST), count: uint }),
);
export const storageVolLookupByName = remoteCall('storage_vol_lookup_by_name', struct({ pool, name: text }), ofVolume);
export const storageVolLookupByPath = remoteCall('storage_vol_lookup_by_path', struct({ path: text }), ofVolume);
export const storageVolCreateXml = remoteCall('storage_vol_create_xml', struct({ pool, xml: text, flags }), ofVolume);
export const storageVolCreateXmlFrom = remoteCall(
  'storage_vol_create_xml_from',
  struct({ pool, xml: text, from: volume, flags }),
  ofVolume,
);
export const storageVolDelete = remoteCall('storage_vol_delete', struct({ volume, flags }), nothing);
export const storageVolResize = remoteCall(
  'storage_vol_resize',
  struct({ volume, capacity: unsignedHyper, flags }),
  nothing,
);
export const storageVolGetInfo = remoteCall(
  'storage_vol_get_info',
  ofVolume,
  struct({ type: int, capacity: unsignedHyper, allocation: unsignedHyper }),
);
export const storageVolGetPath = remoteCall('storage_vol_get_path', ofVolume, struct({ path: text }));
export const storageVolGetXmlDesc = remoteCall(
  'storage_vol_get_xml_desc',
  struct({ volume, flags }),
  struct({ xml: text }),
);

// Streams

const part = struct({ volume, offset: unsignedHyper, length: unsignedHyper, flags });
/** @param length zero: as much as comes */
export const storageVolUpload = streamCall('storage_vol_upload', part, nothing);
/** @param length zero: all that there is */
export const storageVolDownload = streamCall('storage_vol_download', part, nothing);
