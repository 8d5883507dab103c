import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newAuthority } from '../../packages/node-libvirt/test/support/authority.js';
import { run } from '../../scripts/environment/run.mjs';
import { type Libvirtd, startLibvirtd } from '../../scripts/libvirtd.mjs';
import { LIBVIRT_CACHE } from './libvirt-cache.js';

/** A host with a libvirtd: its own name, network and devices, on this machine. */
export interface LibvirtHost {
  readonly name: string;
  readonly daemon: Libvirtd;
  /** How other hosts of the same test reach its daemon. */
  readonly uri: string;
  /** Carries out lines of sh there. @returns what they print */
  run(script: string): Promise<string>;
}

export interface LibvirtHosts {
  readonly hosts: readonly LibvirtHost[];
  /** A directory of this machine that is the same one on every host. */
  readonly shared: string;
  /** Ends all of them, and their guests. */
  stop(): Promise<void>;
}

export interface LibvirtHostsOptions {
  readonly names: readonly string[];
  /** Default: x86_64. */
  readonly emulators?: readonly string[];
  /** Further lines of sh by which one of them is set up. */
  readonly setUp?: (name: string, shared: string) => readonly string[];
}

/**
 * Hosts that know each other, so that guests can move between them. They are connected to the first one by a bridge, and
 * their daemons talk by TLS; QEMU has certificates for that too. Guests have two networks of libvirt's, `nat` and `route`, and the bridge `br0`.
 */
export async function startLibvirtHosts({
  names,
  emulators = ['x86_64'],
  setUp = () => [],
}: LibvirtHostsOptions): Promise<LibvirtHosts> {
  const folder = mkdtempSync(join(tmpdir(), 'zenova-hosts-'));
  const shared = join(folder, 'shared');
  mkdirSync(shared);
  const pki = await issue(join(folder, 'pki'), names);
  const hostsFile = join(folder, 'hosts');
  writeFileSync(hostsFile, ['127.0.0.1 localhost', ...names.map((name, at) => `${addressOf(at)} ${name}`)].join('\n'));
  const qemuConf = [`migrate_tls_x509_cert_dir = "${pki.qemuFolder}"`, 'migrate_tls_x509_verify = 1'];
  const hosts: LibvirtHost[] = [];
  const stop = async (): Promise<void> => {
    // The first one has what connects the others.
    for (const { daemon } of hosts.toReversed()) await daemon.stop();
    rmSync(folder, { recursive: true });
  };
  try {
    for (const [at, name] of names.entries()) {
      const daemon = await startLibvirtd({
        emulators,
        cacheDir: LIBVIRT_CACHE,
        settings: { ovs_timeout: 60, listen_tls: 1, listen_addr: '0.0.0.0', ...pki.settings },
        host: {
          name,
          setUp: [
            `mount --bind ${hostsFile} /etc/hosts`,
            ...qemuConf.map((line) => `echo '${line}' >> /etc/libvirt/qemu.conf`),
            ...statelessFirmware(folder),
            'ip link add br0 type bridge',
            'ip link set br0 up',
            ...setUp(name, shared),
          ],
        },
      });
      const inside = (script: string): Promise<string> =>
        run('nsenter', ['-t', String(daemon.hostPid), '-m', '-n', '-u', '-p', 'sh', '-e', '-c', script]);
      hosts.push({ name, daemon, uri: `qemu+tls://${name}/system?pkipath=${pki.clientFolder}`, run: inside });
      await connectTo(hosts[0]?.daemon.hostPid, daemon.hostPid, at);
      await inside(NETWORKS.map(network).join('\n'));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { hosts, shared, stop };
}

const addressOf = (at: number): string => `198.18.0.${at + 1}`;

/** The network between the hosts: a bridge on the first one, to which the others are connected. */
async function connectTo(first: number | undefined, pid: number | undefined, at: number): Promise<void> {
  const ip = (of: number | undefined, words: string): Promise<string> =>
    run('nsenter', ['-t', String(of), '-n', 'ip', ...words.split(' ')]);
  if (first === pid) {
    await ip(pid, 'link add hosts type bridge');
  } else {
    await ip(pid, `link add hosts type veth peer name host${at} netns ${first}`);
    await ip(first, `link set host${at} master hosts up`);
  }
  await ip(pid, `address add ${addressOf(at)}/24 dev hosts`);
  await ip(pid, 'link set hosts up');
}

/** Debian's firmware of one file, which keeps nothing, told to libvirt as that; by itself it tells of others only. */
function statelessFirmware(folder: string): string[] {
  const known = '/usr/share/qemu/firmware';
  const ours = join(folder, 'firmware');
  const executable = { filename: '/usr/share/ovmf/OVMF.fd', format: 'raw' };
  const told = {
    description: 'UEFI firmware for x86_64 that keeps no variables',
    'interface-types': ['uefi'],
    mapping: { device: 'flash', mode: 'stateless', executable },
    targets: [{ architecture: 'x86_64', machines: ['pc-q35-*'] }],
    features: ['acpi-s3', 'verbose-dynamic'],
    tags: [],
  };
  return [
    `[ -d ${ours} ] || cp -a ${known} ${ours}`,
    `echo '${JSON.stringify(told)}' > ${ours}/90-stateless.json`,
    `mount --bind ${ours} ${known}`,
  ];
}

const NETWORKS = [
  { name: 'nat', content: forwarding('nat', '192.0.2.1') },
  { name: 'route', content: forwarding('route', '198.51.100.1') },
] as const;

/** A network whose packets the host forwards. */
function forwarding(mode: string, address: string): string {
  return `<forward mode='${mode}'/><dns enable='no'/><ip address='${address}' netmask='255.255.255.0'/>`;
}

function network({ name, content }: (typeof NETWORKS)[number]): string {
  const xml = `<network><name>${name}</name>${content}</network>`;
  return `f=$(mktemp); echo "${xml}" > $f
    virsh -q net-define $f; virsh -q net-start ${name}; rm $f`;
}

/** Certificates for all hosts, each of which is a client of the others as well. */
async function issue(folder: string, names: readonly string[]) {
  const authority = await newAuthority('hosts');
  const server = await authority.server(...names);
  const client = await authority.client('host');
  mkdirSync(join(folder, 'qemu'), { recursive: true });
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const both = (libvirts: string, qemus: string, text: string): string => {
    write(join('qemu', qemus), text);
    return write(libvirts, text);
  };
  const ca = both('cacert.pem', 'ca-cert.pem', authority.cert);
  both('clientcert.pem', 'client-cert.pem', client.cert);
  both('clientkey.pem', 'client-key.pem', client.key);
  return {
    /** As libvirt wants it for `pkipath`. */
    clientFolder: folder,
    /** The same, named as QEMU wants them. */
    qemuFolder: join(folder, 'qemu'),
    settings: {
      ca_file: ca,
      cert_file: both('servercert.pem', 'server-cert.pem', server.cert),
      key_file: both('serverkey.pem', 'server-key.pem', server.key),
    },
  };
}
