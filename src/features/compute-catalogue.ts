import { choice, condition, type CatalogueEntry } from './catalogue-entry.js';

/**
 * The compute features: the 46 rows of the z/VM support matrix, keyed as in Nova. The seed prints the condition of
 * iSCSI as `storage.block==missing` while its prose demands the opposite; the printed text is kept as data, the prose
 * is what is evaluated (DESIGN 6).
 */
export const COMPUTE_FEATURES = {
  'operation.attach-volume': { title: 'Attach block volume to instance', status: 'optional', operation: null },
  'operation.detach-volume': { title: 'Detach block volume from instance', status: 'optional', operation: null },
  'operation.attach-interface': {
    title: 'Attach virtual network interface to instance',
    status: 'optional',
    operation: null,
  },
  'operation.detach-interface': {
    title: 'Detach virtual network interface from instance',
    status: 'optional',
    operation: null,
  },
  'operation.maintenance-mode': {
    title: 'Set the host in a maintenance mode',
    status: 'optional',
    operation: 'setMaintenance',
  },
  'operation.evacuate': { title: 'Evacuate instances from a host', status: 'optional', operation: 'evacuate' },
  'operation.rebuild': { title: 'Rebuild instance', status: 'optional', operation: null },
  'operation.get-guest-info': { title: 'Guest instance status', status: 'mandatory', operation: 'getInfo' },
  'operation.get-host-info': { title: 'Guest host status', status: 'optional', operation: 'getHostInfo' },
  'operation.live-migrate': {
    title: 'Live migrate instance across hosts',
    status: 'optional',
    operation: 'liveMigrate',
  },
  'operation.force-live-migration-to-complete': {
    title: 'Force live migration to complete',
    status: 'optional',
    operation: 'liveMigrationForceComplete',
  },
  'operation.launch': { title: 'Launch instance', status: 'mandatory', operation: null },
  'operation.pause': { title: 'Stop instance CPUs (pause)', status: 'optional', operation: 'pause' },
  'operation.reboot': { title: 'Reboot instance', status: 'optional', operation: 'reboot' },
  'operation.rescue': { title: 'Rescue instance', status: 'optional', operation: null },
  'operation.resize': { title: 'Resize instance', status: 'optional', operation: null },
  'operation.resume': { title: 'Restore instance', status: 'optional', operation: 'resume' },
  'operation.service-control': { title: 'Service control', status: 'optional', operation: null },
  'operation.set-admin-password': { title: 'Set instance admin password', status: 'optional', operation: null },
  'operation.snapshot': { title: 'Save snapshot of instance disk', status: 'optional', operation: null },
  'operation.suspend': { title: 'Suspend instance', status: 'optional', operation: 'suspend' },
  'operation.swap-volume': { title: 'Swap block volumes', status: 'optional', operation: null },
  'operation.terminate': { title: 'Shutdown instance', status: 'mandatory', operation: null },
  'operation.trigger-crash-dump': { title: 'Trigger crash dump', status: 'optional', operation: null },
  'operation.unpause': { title: 'Resume instance CPUs (unpause)', status: 'optional', operation: 'unpause' },
  'guest.disk.autoconfig': { title: 'Auto configure disk', status: 'optional', operation: null },
  'guest.disk.rate-limit': { title: 'Instance disk I/O limits', status: 'optional', operation: null },
  'guest.setup.configdrive': { title: 'Config drive support', status: choice('guest.setup'), operation: null },
  'guest.setup.inject.file': { title: 'Inject files into disk image', status: 'optional', operation: null },
  'guest.setup.inject.networking': { title: 'Inject guest networking config', status: 'optional', operation: null },
  'console.rdp': { title: 'Remote desktop over RDP', status: choice('console'), operation: null },
  'console.serial.log': { title: 'View serial console logs', status: choice('console'), operation: null },
  'console.serial.interactive': {
    title: 'Remote interactive serial console',
    status: choice('console'),
    operation: null,
  },
  'console.spice': { title: 'Remote desktop over SPICE', status: choice('console'), operation: null },
  'console.vnc': { title: 'Remote desktop over VNC', status: choice('console'), operation: null },
  'storage.block': { title: 'Block storage support', status: 'optional', operation: null },
  'storage.block.backend.fibrechannel': {
    title: 'Block storage over fibre channel',
    status: 'optional',
    operation: null,
  },
  'storage.block.backend.iscsi': {
    title: 'Block storage over iSCSI',
    status: condition('storage.block==missing', 'storage.block==complete'),
    operation: null,
  },
  'storage.block.backend.iscsi.auth.chap': {
    title: 'CHAP authentication for iSCSI',
    status: 'optional',
    operation: null,
  },
  'storage.image': { title: 'Image storage support', status: 'mandatory', operation: null },
  'networking.firewallrules': { title: 'Network firewall rules', status: 'optional', operation: null },
  'networking.routing': { title: 'Network routing', status: 'optional', operation: null },
  'networking.securitygroups': { title: 'Network security groups', status: 'optional', operation: null },
  'networking.topology.flat': { title: 'Flat networking', status: choice('networking.topology'), operation: null },
  'networking.topology.vlan': { title: 'VLAN networking', status: choice('networking.topology'), operation: null },
  'operation.uefi-boot': { title: 'UEFI boot', status: 'optional', operation: null },
} as const satisfies Record<string, CatalogueEntry>;

export type ComputeFeatureId = keyof typeof COMPUTE_FEATURES;
export const COMPUTE_FEATURE_IDS = Object.keys(COMPUTE_FEATURES) as ComputeFeatureId[];
