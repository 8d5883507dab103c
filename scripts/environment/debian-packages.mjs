import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { isBrokerInstalled } from '../broker/layout.mjs';
import { findChromium } from '../chromium.mjs';
import { isLibvirtdInstalled } from '../libvirtd/layout.mjs';
import { isPostgresInstalled } from '../postgres/layout.mjs';
import { isSshdInstalled } from '../sshd/layout.mjs';
import { show } from './run.mjs';
import { Stop } from './stop.mjs';

/**
 * @typedef {object} DebianPackage
 * @property {string} name
 * @property {string} reason
 */

/**
 * @param {{ broker: boolean, postgres: boolean, oslo: boolean, browser: boolean, curl: boolean, cloudInit: boolean, xorriso: boolean, fence: boolean, libvirt: boolean, sshd: boolean, libvirtSchemas: boolean, libvirtPeers: boolean, guests: boolean, compiler: boolean }} needs
 * @returns {DebianPackage[]} what these needs take that this machine does not have
 */
export function missingDebianPackages(needs) {
  const compiling = 'to compile the native module better-sqlite3';
  const daemon = 'to run a private libvirtd';
  const disks = 'to make disks that guests start from';
  const iscsi = 'for disks of guests over iSCSI';
  const networks = 'for networks of guests';
  const tpm = 'for TPMs of guests';
  const table = [
    {
      name: 'rabbitmq-server',
      reason: 'to run a private RabbitMQ',
      isMissing: needs.broker && !isBrokerInstalled(),
    },
    {
      name: 'postgresql',
      reason: 'to run a private PostgreSQL',
      isMissing: needs.postgres && !isPostgresInstalled(),
    },
    {
      name: 'python3-oslo.messaging',
      reason: 'for callers in Python, as OpenStack has them',
      isMissing: needs.oslo && !hasModule('oslo_messaging'),
    },
    {
      name: 'chromium',
      reason: 'to test the page for operators in a browser',
      isMissing: needs.browser && findChromium() === undefined,
    },
    { name: 'curl', reason: 'to carry out examples of the documents', isMissing: needs.curl && !isOnPath('curl') },
    {
      name: 'cloud-init',
      reason: 'to hold seeds for first starts against what reads them; it stays switched off',
      isMissing: needs.cloudInit && !hasModule('cloudinit'),
    },
    { name: 'xorriso', reason: 'to make and read ISO images', isMissing: needs.xorriso && !isOnPath('xorriso') },
    {
      name: 'fence-agents',
      reason: 'to measure fence_ibmz',
      isMissing: needs.fence && !existsSync('/usr/sbin/fence_ibmz'),
    },
    { name: 'libvirt-daemon', reason: daemon, isMissing: needs.libvirt && !isLibvirtdInstalled() },
    { name: 'libvirt-daemon-driver-qemu', reason: daemon, isMissing: needs.libvirt && !isLibvirtdInstalled() },
    {
      name: 'qemu-utils',
      reason: 'to make and convert images of disks, as libvirt does too',
      isMissing: needs.libvirt && !isOnPath('qemu-img'),
    },
    {
      name: 'qemu-system-x86',
      reason: 'for guests of x86 under a private libvirtd',
      isMissing: needs.libvirt && !isOnPath('qemu-system-x86_64'),
    },
    {
      name: 'libvirt-daemon-system',
      reason: "to compare the numbers of libvirt's procedures; its services stay switched off",
      isMissing: needs.libvirt && !existsSync('/usr/share/systemtap/tapset/libvirt_functions.stp'),
    },
    {
      name: 'libvirt-dev',
      reason: "to compare the constants of libvirt's API",
      isMissing: needs.libvirt && !existsSync('/usr/share/libvirt/api/libvirt-api.xml'),
    },
    {
      name: 'openssh-server',
      reason: 'to run a private ssh server; its service stays switched off',
      isMissing: needs.sshd && !isSshdInstalled(),
    },
    {
      name: 'libvirt-clients',
      reason: "to hold definitions of guests against libvirt's schemas",
      isMissing: (needs.libvirtSchemas || needs.libvirtPeers) && !isOnPath('virt-xml-validate'),
    },
    {
      name: 'libxml2-utils',
      reason: "to hold definitions of guests against libvirt's schemas",
      isMissing: needs.libvirtSchemas && !isOnPath('xmllint'),
    },
    {
      name: 'python3-libvirt',
      reason: 'to measure it',
      isMissing: needs.libvirtPeers && !hasModule('libvirt'),
    },
    {
      name: 'qemu-system-misc',
      reason: 'for guests of s390x under a private libvirtd',
      isMissing: needs.guests && !isOnPath('qemu-system-s390x'),
    },
    { name: 'qemu-utils', reason: disks, isMissing: needs.guests && !isOnPath('qemu-img') },
    { name: 'e2fsprogs', reason: disks, isMissing: needs.guests && !isOnPath('mkfs.ext4') },
    { name: 'mtools', reason: disks, isMissing: needs.guests && !isOnPath('mformat') },
    { name: 'syslinux', reason: disks, isMissing: needs.guests && !isOnPath('syslinux') },
    {
      name: 'ovmf',
      reason: 'for guests that start by UEFI',
      isMissing: needs.guests && !existsSync('/usr/share/OVMF/OVMF_CODE_4M.fd'),
    },
    { name: 'swtpm', reason: tpm, isMissing: needs.guests && !isOnPath('swtpm') },
    { name: 'swtpm-tools', reason: tpm, isMissing: needs.guests && !isOnPath('swtpm_setup') },
    {
      name: 'tgt',
      reason: `${iscsi}; its service stays switched off`,
      isMissing: needs.guests && !existsSync('/usr/sbin/tgtd'),
    },
    { name: 'qemu-block-extra', reason: iscsi, isMissing: needs.guests && !hasIscsiDriver() },
    { name: 'dnsmasq-base', reason: networks, isMissing: needs.guests && !existsSync('/usr/sbin/dnsmasq') },
    {
      name: 'openvswitch-switch',
      reason: `${networks} with a VLAN; its services stay switched off`,
      isMissing: needs.guests && !isOnPath('ovs-vsctl'),
    },
    { name: 'iptables', reason: networks, isMissing: needs.guests && !existsSync('/usr/sbin/iptables') },
    {
      name: 'iproute2',
      reason: networks,
      isMissing: needs.guests && !existsSync('/usr/sbin/ip') && !existsSync('/sbin/ip'),
    },
    { name: 'g++', reason: compiling, isMissing: needs.compiler && !isOnPath(process.env['CXX'] ?? 'g++') },
    { name: 'make', reason: compiling, isMissing: needs.compiler && !isOnPath('make') },
    { name: 'python3', reason: compiling, isMissing: needs.compiler && !isOnPath('python3') },
  ];
  return table.filter((row) => row.isMissing).map(({ name, reason }) => ({ name, reason }));
}

/**
 * @param {string} name
 * @returns {boolean} whether Debian's own Python, not another that comes first on the path, finds this module
 */
function hasModule(name) {
  const probe = `import sys, importlib.util as util; sys.exit(util.find_spec("${name}") is None)`;
  return spawnSync('/usr/bin/python3', ['-c', probe], { stdio: 'ignore' }).status === 0;
}

/** @returns {boolean} whether QEMU has its driver for iSCSI */
function hasIscsiDriver() {
  return readdirSync('/usr/lib').some((name) => existsSync(`/usr/lib/${name}/qemu/block-iscsi.so`));
}

/** @param {string} program */
function isOnPath(program) {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * How this process may become root, as the words before a command; undefined when it may not.
 *
 * @returns {string[] | undefined}
 */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

/**
 * @param {readonly DebianPackage[]} packages
 * @throws {Stop} with the exact command when we may not install, or with what to provide on other systems
 */
export function checkDebianPackagesCanBeInstalled(packages) {
  const names = packages.map(({ name }) => name);
  if (!existsSync('/usr/bin/apt-get')) {
    throw new Stop(
      `This is not a Debian or Ubuntu system. Provide what these Debian packages hold (${names.join(', ')}), then run ` +
        'the command again. To run the service, a RabbitMQ elsewhere will do: ' +
        'ZENOVA_AMQP_URL=amqp://user:password@host:5672/vhost.',
    );
  }
  if (asRoot()) return;
  throw new Stop(
    'Installing Debian packages takes root. Run this, then the same command again:\n\n' +
      `  ${manualCommand(names)}\n` +
      (names.includes('rabbitmq-server')
        ? '\nDebian then runs RabbitMQ as a service, which Zenova uses; `systemctl disable --now rabbitmq-server` (as ' +
          'root) ends that, and Zenova then starts a private one.\n'
        : '') +
      (names.includes('postgresql')
        ? '\nDebian then also makes a PostgreSQL cluster and runs it, which Zenova does not use; `systemctl disable --now ' +
          'postgresql` ends that.\n'
        : ''),
  );
}

/**
 * @param {readonly string[]} names
 * @returns {string} what to type, by whoever runs us, to install these packages
 */
export function manualCommand(names) {
  const update = 'apt-get update';
  const install = `apt-get install -y --no-install-recommends ${names.join(' ')}`;
  if (process.getuid?.() === 0) return `${update} && ${install}`;
  return isOnPath('sudo') ? `sudo ${update} && sudo ${install}` : `su -c '${update} && ${install}'`;
}

// cloud-init would set up this machine at its next boot, as if it were new: this file keeps it from that.
//
// Debian starts a service as soon as its package is installed, and at each boot: RabbitMQ on all interfaces with the
// password "guest", Erlang's port mapper and, where there is no systemd, cron for its log rotation. For PostgreSQL it makes
// a cluster first. Nobody asked for that here, so it is prevented: by a policy, unless the administrator has one, and by a
// setting. Both are as before afterwards. For libvirt it runs daemons and, when the machine goes down, stops guests.
const installScript = `
set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
own_policy=
clusters=/etc/postgresql-common/createcluster.conf
restore() {
  if [ -n "$own_policy" ]; then rm -f "$own_policy"; fi
  if [ -e "$clusters.zenova" ]; then mv "$clusters.zenova" "$clusters"; fi
}
trap restore EXIT
trap 'exit 130' INT TERM HUP
had_erlang=$(dpkg-query -W -f '\${Status}' erlang-base 2>/dev/null || true)
if [ ! -e "$policy" ]; then
  own_policy=$policy
  cat >"$policy" <<'END'
#!/bin/sh
# Zenova wrote this while it installs packages and removes it right after.
case "$1" in rabbitmq-server*|epmd*|cron*|postgresql*|libvirt*|virtlo*|ssh*|tgt*|openvswitch*) exit 101 ;; esac
END
  chmod 755 "$policy"
fi
apt-get -q update || echo 'apt-get update failed; going on with the package lists that are here.'
case " $* " in
  *' postgresql '*)
    apt-get -q install -y --no-install-recommends postgresql-common
    [ -e "$clusters.zenova" ] || cp -p "$clusters" "$clusters.zenova"
    echo 'create_main_cluster = false' >>"$clusters" ;;
esac
case " $* " in
  *' cloud-init '*)
    mkdir -p /etc/cloud
    touch /etc/cloud/cloud-init.disabled ;;
esac
apt-get -q install -y --no-install-recommends "$@"
case " $* " in
  *' rabbitmq-server '*)
    units=rabbitmq-server.service
    case "$had_erlang" in *' installed') ;; *) units="$units epmd.service epmd.socket" ;; esac
    update-rc.d rabbitmq-server disable >/dev/null 2>&1 || true
    if command -v systemctl >/dev/null; then
      systemctl --quiet disable $units || true
      if [ -d /run/systemd/system ]; then systemctl --quiet stop $units || true; fi
    fi ;;
esac
case " $* " in
  *' libvirt-daemon-system '*)
    for unit in libvirtd libvirt-guests virtlogd virtlockd; do
      update-rc.d $unit disable >/dev/null 2>&1 || true
    done
    if command -v systemctl >/dev/null; then
      systemctl --quiet disable libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket \
        libvirt-guests.service virtlogd.socket virtlockd.socket || true
    fi ;;
esac
case " $* " in
  *' openvswitch-switch '*)
    update-rc.d openvswitch-switch disable >/dev/null 2>&1 || true
    if command -v systemctl >/dev/null; then
      systemctl --quiet disable openvswitch-switch.service ovs-record-hostname.service || true
    fi ;;
esac
case " $* " in
  *' openssh-server '*)
    update-rc.d ssh disable >/dev/null 2>&1 || true
    if command -v systemctl >/dev/null; then systemctl --quiet disable ssh.service ssh.socket || true; fi ;;
esac
case " $* " in
  *' tgt '*)
    update-rc.d tgt disable >/dev/null 2>&1 || true
    if command -v systemctl >/dev/null; then systemctl --quiet disable tgt.service || true; fi ;;
esac
`;

/**
 * @param {readonly DebianPackage[]} packages
 * @throws {Stop}
 */
export async function installDebianPackages(packages) {
  const names = packages.map(({ name }) => name);
  const [command, ...args] = [...(asRoot() ?? []), 'sh', '-c', installScript, 'sh', ...names];
  const { status } = await show(command ?? 'sh', args);
  if (status !== 0) throw new Stop(`apt-get failed; its messages are above. By hand: ${manualCommand(names)}`);
  if (names.includes('rabbitmq-server'))
    console.log("RabbitMQ's own service stays off; `systemctl enable --now rabbitmq-server` would turn it on.");
  if (names.includes('libvirt-daemon-system'))
    console.log("libvirt's own services stay off; `systemctl enable --now libvirtd` would turn them on.");
  if (names.includes('tgt'))
    console.log("The iSCSI target's own service stays off; `systemctl enable --now tgt` would turn it on.");
  if (names.includes('openvswitch-switch'))
    console.log(
      "Open vSwitch's own services stay off; `systemctl enable --now openvswitch-switch` would turn them on.",
    );
  if (names.includes('openssh-server'))
    console.log("The ssh server's own service stays off; `systemctl enable --now ssh` would turn it on.");
  if (names.includes('cloud-init'))
    console.log('cloud-init stays off: /etc/cloud/cloud-init.disabled, which would have to be removed first.');
}
