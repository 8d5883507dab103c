import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import {
  Connection,
  connect,
  domainCreateXml,
  domainDefineXmlFlags,
  domainCreate,
  domainGetState,
  domainLookupByName,
  domainMigratePerform3Params,
  storageVolUpload,
} from '../../packages/node-libvirt/src/index.js';
import { startLibvirtHosts, type LibvirtHosts } from './libvirt-hosts.js';
import { LibvirtWire } from './libvirt-wire.js';

let there: LibvirtHosts;
beforeAll(async () => {
  there = await startLibvirtHosts({ names: ['kvm1', 'kvm2'] });
}, 120_000);
afterAll(() => there?.stop());

it('x', async () => {
  const [one, two] = there.hosts;
  if (one === undefined || two === undefined) throw new Error('no hosts');
  const wire = await LibvirtWire.start(join(there.shared, 'wire'), one.daemon.socketPath);
  const c = await connect(`qemu+unix:///system?socket=${wire.socketPath}`);
  const xml = `<domain type='qemu'><name>guest</name><memory unit='MiB'>32</memory>
    <os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`;
  const t = Date.now();
  const { domain } = await c.call(domainDefineXmlFlags, { xml });
  console.log('define', Date.now() - t);
  await c.call(domainCreate, { domain });
  console.log('create', Date.now() - t);
  console.log(await one.run(`virsh list --all; virsh migrate --live --p2p --persistent guest '${two.uri}'`));
  console.log('migrated', Date.now() - t, await two.run('virsh list --all'));
  console.log(wire.requests, wire.changes);
  await c.close();
  await wire.stop();
});
