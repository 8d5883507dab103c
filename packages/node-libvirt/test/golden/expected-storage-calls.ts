import * as libvirt from '../../src/index.js';
import { GUEST_UUID, made, one, pool, some, type Made } from './expected.js';

/** As in expected-calls.ts, of storage. */
export const storageCalls: readonly Made[] = [
  made(libvirt.connectListAllStoragePools, { needResults: true, flags: 0 }, { pools: [pool], count: 1 }),
  made(libvirt.storagePoolBuild, { pool, flags: 0 }, undefined),
  made(libvirt.storagePoolCreate, { pool, flags: 0 }, undefined),
  made(libvirt.storagePoolCreateXml, { xml: some("<pool type='dir'><name>images</name><uui"), flags: 0 }, { pool }),
  made(libvirt.storagePoolDefineXml, { xml: some("<pool type='dir'><name>images</name><uui"), flags: 0 }, { pool }),
  made(libvirt.storagePoolDelete, { pool, flags: 0 }, undefined),
  made(libvirt.storagePoolDestroy, { pool }, undefined),
  made(
    libvirt.storagePoolGetInfo,
    { pool },
    { state: 2, capacity: 270553174016n, allocation: 29439422464n, available: 241113751552n },
  ),
  made(libvirt.storagePoolGetXmlDesc, { pool, flags: 0 }, { xml: some("<pool type='dir'>") }),
  made(libvirt.storagePoolIsActive, { pool }, { active: true }),
  made(libvirt.storagePoolListAllVolumes, { pool, needResults: true, flags: 0 }, { volumes: [one], count: 1 }),
  made(libvirt.storagePoolLookupByName, { name: 'images' }, { pool }),
  made(libvirt.storagePoolLookupByTargetPath, { path: some('pool') }, { pool }),
  made(libvirt.storagePoolLookupByUuid, { uuid: GUEST_UUID }, { pool }),
  made(libvirt.storagePoolRefresh, { pool, flags: 0 }, undefined),
  made(libvirt.storagePoolSetAutostart, { pool, autostart: false }, undefined),
  made(libvirt.storagePoolUndefine, { pool }, undefined),
  made(
    libvirt.storageVolCreateXml,
    { pool, xml: some('<volume><name>one</name><capacity>4096</'), flags: 0 },
    { volume: one },
  ),
  made(
    libvirt.storageVolCreateXmlFrom,
    { pool, xml: some('<volume><name>two</name><capacity>4096</'), from: one, flags: 0 },
    { volume: { pool: 'images', name: 'two', key: some('pool/two') } },
  ),
  made(
    libvirt.storageVolDelete,
    { volume: { pool: 'images', name: 'two', key: some('pool/two') }, flags: 0 },
    undefined,
  ),
  made(libvirt.storageVolDownload, { volume: one, offset: 16n, length: 20n, flags: 0 }, undefined),
  made(libvirt.storageVolGetInfo, { volume: one }, { type: 0, capacity: 4096n, allocation: 0n }),
  made(libvirt.storageVolGetPath, { volume: one }, { path: some('pool/one') }),
  made(libvirt.storageVolGetXmlDesc, { volume: one, flags: 0 }, { xml: some("<volume type='file'>") }),
  made(libvirt.storageVolLookupByName, { pool, name: 'one' }, { volume: one }),
  made(libvirt.storageVolLookupByPath, { path: some('pool/one') }, { volume: one }),
  made(libvirt.storageVolResize, { volume: one, capacity: 8192n, flags: 0 }, undefined),
  made(libvirt.storageVolUpload, { volume: one, offset: 16n, length: 20n, flags: 0 }, undefined),
];
