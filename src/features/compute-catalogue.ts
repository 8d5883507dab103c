import { choice, condition, type CatalogueEntry } from './catalogue-entry.js';

/**
 * The compute features: the 46 rows of the z/VM support matrix, keyed as in Nova. The seed prints the condition of
 * iSCSI as `storage.block==missing` while its prose demands the opposite; the printed text is kept as data, the prose
 * is what is evaluated (DESIGN 6).
 */
export const COMPUTE_FEATURES = {
  'operation.attach-volume': {
    title: 'Attach block volume to instance',
    status: 'optional',
    operations: ['attachVolume'],
    cli: ['nova volume-attach <server> <volume>'],
    notes:
      'A volume is added to an instance, running or stopped. Without it a new instance can be made with more disk.',
  },
  'operation.detach-volume': {
    title: 'Detach block volume from instance',
    status: 'optional',
    operations: ['detachVolume'],
    cli: ['nova volume-detach <server> <volume>'],
    notes: 'A volume is taken away from an instance; what is on it stays.',
  },
  'operation.attach-interface': {
    title: 'Attach virtual network interface to instance',
    status: 'optional',
    operations: ['attachInterface'],
    cli: ['nova interface-attach <server>'],
    notes: 'A network interface is added. Some guests see it only after a restart.',
  },
  'operation.detach-interface': {
    title: 'Detach virtual network interface from instance',
    status: 'optional',
    operations: ['detachInterface'],
    cli: ['nova interface-detach <server> <port_id>'],
    notes: 'A network interface is taken away, found by its MAC address or by its name.',
  },
  'operation.maintenance-mode': {
    title: 'Set the host in a maintenance mode',
    status: 'optional',
    operations: ['setMaintenance'],
    cli: ['nova host-update <host>'],
    notes:
      'The host is emptied (its instances are moved, or stopped where they cannot be) and takes none until it is over.',
  },
  'operation.evacuate': {
    title: 'Evacuate instances from a host',
    status: 'optional',
    operations: ['evacuate'],
    cli: ['nova evacuate <server>', 'nova host-evacuate <host>'],
    notes: 'Instances of a host that is lost are set up on another one, with the volumes that they had.',
  },
  'operation.rebuild': {
    title: 'Rebuild instance',
    status: 'optional',
    operations: ['rebuild'],
    cli: ['nova rebuild <server> <image>'],
    notes: 'The instance keeps its name, id, addresses and volumes, and gets its root disk anew from an image.',
  },
  'operation.get-guest-info': {
    title: 'Guest instance status',
    status: 'mandatory',
    operations: ['getInfo'],
    cli: [],
    notes: 'State, processors and memory of an instance, and the processor time where the backend tells it.',
  },
  'operation.get-host-info': {
    title: 'Guest host status',
    status: 'optional',
    operations: ['getHostInfo'],
    cli: [],
    notes:
      'The seed is unsure of its meaning. Here: product and version, state, how many instances there are and run, processors and memory of the host.',
  },
  'operation.live-migrate': {
    title: 'Live migrate instance across hosts',
    status: 'optional',
    operations: ['liveMigrate'],
    cli: ['nova live-migration <server>', 'nova host-evacuate-live <host>'],
    notes: 'A running instance comes to another host and runs on. On z/VM that needs an SSI cluster.',
  },
  'operation.force-live-migration-to-complete': {
    title: 'Force live migration to complete',
    status: 'optional',
    operations: ['liveMigrationForceComplete'],
    cli: ['nova live-migration-force-complete <server> <migration>'],
    notes: 'A live migration that does not converge is brought to its end, whatever the guest does.',
  },
  'operation.launch': {
    title: 'Launch instance',
    status: 'mandatory',
    operations: ['spawn'],
    cli: ['nova boot <name>'],
    notes: 'An instance is made of a description. The same request twice makes one.',
  },
  'operation.pause': {
    title: 'Stop instance CPUs (pause)',
    status: 'optional',
    operations: ['pause'],
    cli: ['nova pause <server>'],
    notes: 'Processors stop, memory stays. The guest is not told: its clock is late afterwards.',
  },
  'operation.reboot': {
    title: 'Reboot instance',
    status: 'optional',
    operations: ['reboot'],
    cli: ['nova reboot <server>'],
    notes:
      'The instance is stopped when it runs, hard or by its operating system, which is asked to shut down, and started.',
  },
  'operation.rescue': {
    title: 'Rescue instance',
    status: 'optional',
    operations: ['rescue', 'unrescue'],
    cli: ['nova rescue <server>', 'nova unrescue <server>'],
    notes:
      'The instance starts from something else, to be repaired; unrescue gives it back its own boot settings exactly.',
  },
  'operation.resize': {
    title: 'Resize instance',
    status: 'optional',
    operations: ['resize', 'confirmResize', 'revertResize'],
    cli: ['nova resize <server> <flavor>', 'nova resize-confirm <server>', 'nova resize-revert <server>'],
    notes:
      'Processors and memory become those of another flavor, until it is confirmed; until then it can be taken back.',
  },
  'operation.resume': {
    title: 'Restore instance',
    status: 'optional',
    operations: ['resume'],
    cli: ['nova resume <server>'],
    notes: 'A suspended instance goes on from its saved memory.',
  },
  'operation.service-control': {
    title: 'Service control',
    status: 'optional',
    operations: ['setEnabled'],
    cli: ['nova service-disable <host> nova-compute', 'nova service-enable <host> nova-compute'],
    notes:
      'The seed says that nobody knows its meaning. Here: a host is closed for new instances, and opened again; those that it has stay and can be changed.',
  },
  'operation.set-admin-password': {
    title: 'Set instance admin password',
    status: 'optional',
    operations: ['setAdminPassword'],
    cli: ['nova set-password <server>'],
    notes:
      'The password of an account in a running guest is set, by an agent in it. At the first start a config drive does it.',
  },
  'operation.snapshot': {
    title: 'Save snapshot of instance disk',
    status: 'optional',
    operations: ['snapshot'],
    cli: ['nova image-create <server> <name>'],
    notes: 'The root disk is saved as an image, of which instances can be made.',
  },
  'operation.suspend': {
    title: 'Suspend instance',
    status: 'optional',
    operations: ['suspend'],
    cli: ['nova suspend <server>'],
    notes:
      'Memory goes to disk, processors and memory become free. The clock of the guest is late after it is resumed.',
  },
  'operation.swap-volume': {
    title: 'Swap block volumes',
    status: 'optional',
    operations: ['swapVolume'],
    cli: ['nova volume-update <server> <attachment> <volume>'],
    notes: 'What is on a volume is copied to another one, which takes its place while the instance runs.',
  },
  'operation.terminate': {
    title: 'Shutdown instance',
    status: 'mandatory',
    operations: ['destroy'],
    cli: ['nova delete <server>'],
    notes: 'The instance ends and what it had is free again. Only what this service made or adopted is ended.',
  },
  'operation.trigger-crash-dump': {
    title: 'Trigger crash dump',
    status: 'optional',
    operations: ['triggerCrashDump'],
    cli: ['nova trigger-crash-dump <server>'],
    notes: 'The guest is made to dump its memory, by an NMI or what its machine has instead.',
  },
  'operation.unpause': {
    title: 'Resume instance CPUs (unpause)',
    status: 'optional',
    operations: ['unpause'],
    cli: ['nova unpause <server>'],
    notes: 'The processors of a paused instance go on.',
  },
  'guest.disk.autoconfig': {
    title: 'Auto configure disk',
    status: 'optional',
    operations: ['spawn'],
    uses: [{ operation: 'spawn', field: 'disk_config', values: ['auto'] }],
    cli: ['nova boot --config-drive true'],
    notes:
      'The seed does not know its meaning. Here: with disk_config auto, root partition and file system fill the disk at the first start.',
  },
  'guest.disk.rate-limit': {
    title: 'Instance disk I/O limits',
    status: 'optional',
    operations: ['spawn'],
    uses: [
      { operation: 'spawn', field: 'disk_limits' },
      { operation: 'spawn', field: 'volumes[].limits' },
      { operation: 'attachVolume', field: 'volume.limits' },
      { operation: 'swapVolume', field: 'new_volume.limits' },
    ],
    cli: ['nova limits'],
    notes: 'Bytes and requests a second of a disk are limited, so that instances on one storage leave each other room.',
  },
  'guest.setup.configdrive': {
    title: 'Config drive support',
    status: choice('guest.setup'),
    operations: ['spawn'],
    uses: [{ operation: 'spawn', field: 'config_drive', values: [true] }],
    cli: ['nova boot --config-drive true'],
    notes: 'A small disk with names, keys, passwords and files, which cloud-init reads at the first start.',
  },
  'guest.setup.inject.file': {
    title: 'Inject files into disk image',
    status: 'optional',
    operations: ['spawn'],
    uses: [{ operation: 'spawn', field: 'files' }],
    cli: ['nova boot --file <path>=<file>'],
    notes: 'Files of the request are in the guest once it has started, whichever way they came.',
  },
  'guest.setup.inject.networking': {
    title: 'Inject guest networking config',
    status: 'optional',
    operations: ['spawn'],
    uses: [
      { operation: 'spawn', field: 'networks[].addresses' },
      { operation: 'attachInterface', field: 'network.addresses' },
    ],
    cli: [],
    notes: 'Fixed addresses of the request are those of the guest once it has started, without DHCP.',
  },
  'console.rdp': {
    title: 'Remote desktop over RDP',
    status: choice('console'),
    operations: ['getConsole'],
    uses: [{ operation: 'getConsole', field: 'type', values: ['rdp'] }],
    cli: ['nova get-rdp-console <server> <console-type>'],
    notes: 'An address at which an RDP client shows the screen of the instance.',
  },
  'console.serial.log': {
    title: 'View serial console logs',
    status: choice('console'),
    operations: ['getConsoleLog'],
    cli: ['nova console-log <server>'],
    notes: 'What the instance has written to its console so far, since its start or as long as the backend keeps it.',
  },
  'console.serial.interactive': {
    title: 'Remote interactive serial console',
    status: choice('console'),
    operations: ['getConsole'],
    uses: [{ operation: 'getConsole', field: 'type', values: ['serial'] }],
    cli: ['nova get-serial-console <server>'],
    notes: 'An address at which the console of the instance is read and written.',
  },
  'console.spice': {
    title: 'Remote desktop over SPICE',
    status: choice('console'),
    operations: ['getConsole'],
    uses: [{ operation: 'getConsole', field: 'type', values: ['spice'] }],
    cli: ['nova get-spice-console <server> <console-type>'],
    notes: 'An address at which a SPICE client shows the screen of the instance.',
  },
  'console.vnc': {
    title: 'Remote desktop over VNC',
    status: choice('console'),
    operations: ['getConsole'],
    uses: [{ operation: 'getConsole', field: 'type', values: ['vnc'] }],
    cli: ['nova get-vnc-console <server> <console-type>'],
    notes: 'An address at which a VNC client shows the screen of the instance.',
  },
  'storage.block': {
    title: 'Block storage support',
    status: 'optional',
    operations: ['attachVolume'],
    uses: [
      { operation: 'spawn', field: 'volumes' },
      { operation: 'attachVolume', field: 'volume' },
      { operation: 'swapVolume', field: 'new_volume' },
    ],
    cli: [],
    notes: 'Disks that outlive the instance, given at its making or later.',
  },
  'storage.block.backend.fibrechannel': {
    title: 'Block storage over fibre channel',
    status: 'optional',
    operations: ['attachVolume'],
    uses: [
      { operation: 'spawn', field: 'volumes[].connection.type', values: ['fibre_channel'] },
      { operation: 'attachVolume', field: 'volume.connection.type', values: ['fibre_channel'] },
      { operation: 'swapVolume', field: 'new_volume.connection.type', values: ['fibre_channel'] },
    ],
    cli: [],
    notes: 'Volumes are LUNs that the host or the instance reaches over fibre channel.',
  },
  'storage.block.backend.iscsi': {
    title: 'Block storage over iSCSI',
    status: condition('storage.block==missing', 'storage.block==complete'),
    operations: ['attachVolume'],
    uses: [
      { operation: 'spawn', field: 'volumes[].connection.type', values: ['iscsi'] },
      { operation: 'attachVolume', field: 'volume.connection.type', values: ['iscsi'] },
      { operation: 'swapVolume', field: 'new_volume.connection.type', values: ['iscsi'] },
    ],
    cli: [],
    notes:
      'Volumes are LUNs of an iSCSI target. The seed prints the condition storage.block==missing; its prose and Nova demand iSCSI where block storage is complete, and that is what is evaluated.',
  },
  'storage.block.backend.iscsi.auth.chap': {
    title: 'CHAP authentication for iSCSI',
    status: 'optional',
    operations: ['attachVolume'],
    uses: [
      { operation: 'spawn', field: 'volumes[].connection.auth' },
      { operation: 'attachVolume', field: 'volume.connection.auth' },
      { operation: 'swapVolume', field: 'new_volume.connection.auth' },
    ],
    cli: [],
    notes: 'The iSCSI target is given a name and a secret.',
  },
  'storage.image': {
    title: 'Image storage support',
    status: 'mandatory',
    operations: ['spawn'],
    uses: [
      { operation: 'spawn', field: 'image' },
      { operation: 'rebuild', field: 'image' },
      { operation: 'rescue', field: 'image' },
    ],
    cli: ['nova boot --image <image> <name>'],
    notes: 'Instances start from an image, which is fetched and checked against its checksum.',
  },
  'networking.firewallrules': {
    title: 'Network firewall rules',
    status: 'optional',
    operations: ['spawn'],
    uses: [{ operation: 'spawn', field: 'firewall_rules' }],
    cli: [],
    notes:
      'The seed does not know how it differs from security groups. Here: rules that stand in the request itself filter what the instance sends and receives.',
  },
  'networking.routing': {
    title: 'Network routing',
    status: 'optional',
    operations: ['spawn'],
    uses: [
      { operation: 'spawn', field: 'networks[].forwarding' },
      { operation: 'attachInterface', field: 'network.forwarding' },
    ],
    cli: [],
    notes:
      'The seed does not know its meaning. Here: the host forwards packets between the network of the instance and others, translating addresses (nat) or not (route).',
  },
  'networking.securitygroups': {
    title: 'Network security groups',
    status: 'optional',
    operations: ['spawn'],
    uses: [{ operation: 'spawn', field: 'security_groups' }],
    cli: [],
    notes: 'Groups of rules that the backend keeps by name filter what the instance sends and receives.',
  },
  'networking.topology.flat': {
    title: 'Flat networking',
    status: choice('networking.topology'),
    operations: ['spawn'],
    uses: [
      { operation: 'spawn', field: 'networks[].vlan', values: [null] },
      { operation: 'attachInterface', field: 'network.vlan', values: [null] },
    ],
    cli: [],
    notes: 'Interfaces without a VLAN, on a network that they share with others.',
  },
  'networking.topology.vlan': {
    title: 'VLAN networking',
    status: choice('networking.topology'),
    operations: ['spawn'],
    uses: [
      { operation: 'spawn', field: 'networks[].vlan' },
      { operation: 'attachInterface', field: 'network.vlan' },
    ],
    cli: [],
    notes: 'Interfaces whose packets carry a VLAN id of the request.',
  },
  'operation.uefi-boot': {
    title: 'UEFI boot',
    status: 'optional',
    operations: ['spawn'],
    uses: [{ operation: 'spawn', field: 'firmware', values: ['uefi'] }],
    cli: [],
    notes: 'The instance starts by UEFI firmware.',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ComputeFeatureId = keyof typeof COMPUTE_FEATURES;
export const COMPUTE_FEATURE_IDS = Object.keys(COMPUTE_FEATURES) as ComputeFeatureId[];
