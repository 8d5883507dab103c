/** `node examples/download.mjs POOL VOLUME FILE [URI]`: copies a volume into a file. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import {
  connect,
  ConnectionPool,
  storagePoolLookupByName,
  storageVolDownload,
  storageVolLookupByName,
} from 'node-libvirt';

const [poolName = '', name = '', file = '', uri = 'qemu:///system'] = process.argv.slice(2);
const daemon = new ConnectionPool({ open: (signal) => connect(uri, {}, signal) });
try {
  const { pool } = await daemon.call(storagePoolLookupByName, { name: poolName });
  const { volume } = await daemon.call(storageVolLookupByName, { pool, name });
  const { stream } = await daemon.openStream(storageVolDownload, { volume, offset: 0n, length: 0n });
  await pipeline(stream, createWriteStream(file));
} finally {
  await daemon.close();
}
