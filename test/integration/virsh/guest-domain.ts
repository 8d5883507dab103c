import { domainCreate, domainDefineXmlFlags, storagePoolCreateXml } from 'node-libvirt';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Libvirtd } from '../../../scripts/libvirtd.mjs';
import { GuestConsole } from '../../support/guest-console.js';
import { guestSystems } from '../../support/guest-systems.js';
import { LinkBench } from './link-bench.js';
import { localUri } from '../../support/virsh-bench.js';

/** Connects to a daemon beside the service, as an administrator of the host would. */
export function administrator(daemon: Libvirtd): LinkBench & { readonly caller: ReturnType<typeof callerOf> } {
  const bench = new LinkBench();
  return Object.assign(bench, { caller: callerOf(bench, daemon) });
}

function callerOf(bench: LinkBench, daemon: Libvirtd) {
  return bench.hold({ uri: localUri(daemon.qemuUri, daemon) }).link.caller({});
}

export interface GuestDomain {
  readonly name: string;
  /** Content of its devices beside its console and its agent's channel. */
  readonly devices?: string;
  /** In the pool of {@link consolePool}. */
  readonly log?: string;
}

/** A pool of directories for what consoles write. @returns the directory */
export async function consolePool(admin: ReturnType<typeof administrator>, { dataDir }: Libvirtd): Promise<string> {
  const path = join(dataDir, 'consoles');
  mkdirSync(path);
  const xml = `<pool type='dir'><name>consoles</name><target><path>${path}</path></target></pool>`;
  await admin.caller.call(storagePoolCreateXml, { xml, flags: 0 });
  return path;
}

/** Starts a guest with an agent that echoes what is typed on its console, and waits until it is up. */
export async function startGuest(
  admin: ReturnType<typeof administrator>,
  { name, devices = '', log }: GuestDomain,
): Promise<GuestConsole> {
  const { kernel, initrd, kernelParameters } = await guestSystems('x86_64');
  const xml = `<domain type='qemu'><name>${name}</name><memory unit='MiB'>256</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type>
      <kernel>${kernel}</kernel><initrd>${initrd}</initrd><cmdline>${kernelParameters}</cmdline></os>
    <features><acpi/></features>
    <devices>${devices}
      <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
      <console type='pty'>${log === undefined ? '' : `<log file='${log}' append='on'/>`}<target type='serial'/></console>
      <memballoon model='virtio'/>
    </devices></domain>`;
  const { domain } = await admin.caller.call(domainDefineXmlFlags, { xml, flags: 0 });
  await admin.caller.call(domainCreate, { domain });
  const console = new GuestConsole(log ?? '');
  if (log !== undefined) await console.ready();
  return console;
}
