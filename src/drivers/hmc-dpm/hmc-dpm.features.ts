import { complete, missing, partial } from '../../features/index.js';
import type { ComputeDeclaration } from '../../compute/contract/index.js';

const NO_MIGRATION = missing('DPM has no such operation: a partition belongs to its CPC and cannot move to another');
const NO_FRAMEBUFFER = missing('DPM has no such console: partitions have text consoles only');
const NOT_A_DISK_IMAGE = missing(
  'DPM has no such operation: disks are LUNs of a storage system, which the HMC does not read or write',
);
const NO_FIREWALL = missing(
  'DPM has no such function: adapters do not filter, routing and filtering are the network’s',
);

const NO_AGENT = missing('DPM has no such operation: the HMC cannot reach into the operating system');

const WHOLE_GROUPS = partial('DPM attaches and detaches whole storage groups, with all volumes that are in them');

/** What this driver does now. */
export const hmcDpmFeatures = {
  'operation.get-guest-info': complete,
  'operation.get-host-info': complete,
  'operation.reboot': partial('hard only: the HMC cannot ask the operating system to shut down'),
  'operation.launch': complete,
  'operation.terminate': complete,
  'operation.resize': complete,
  'operation.trigger-crash-dump': complete,

  'operation.attach-volume': WHOLE_GROUPS,
  'operation.detach-volume': WHOLE_GROUPS,
  'operation.attach-interface': complete,
  'operation.detach-interface': complete,
  'operation.maintenance-mode': complete,
  'operation.rebuild': partial(
    'starts a linux partition again from an ISO image, or kernel and initrd: an installer or a live system, which writes the disk itself; a disk image is not written to a LUN. Its guest is told its name, its NICs and the new password, and nothing else of what its launch said',
  ),
  'operation.rescue': partial(
    'of linux partitions, from an image or from the network, not from a volume or an FTP server; not of one that starts from an FTP server, whose password the HMC does not give back, or has another ISO image mounted',
  ),
  'operation.service-control': complete,
  'operation.swap-volume': missing(
    'DPM has no such operation: storage groups are attached and detached, not exchanged',
  ),

  'operation.pause': missing('DPM has no such operation: a partition gets into paused by itself only'),
  'operation.unpause': missing('DPM has no such operation: a paused partition must be stopped and started'),
  'operation.suspend': missing('DPM has no such operation: memory is not saved'),
  'operation.resume': missing('DPM has no such operation: there is no saved memory'),
  'operation.live-migrate': NO_MIGRATION,
  'operation.force-live-migration-to-complete': NO_MIGRATION,
  'operation.evacuate': missing(
    'DPM has no such operation: storage groups, their WWPNs and the adapters belong to one CPC, so that a partition which is set up on another one finds no disk',
  ),
  'operation.set-admin-password': NO_AGENT,
  'operation.snapshot': NOT_A_DISK_IMAGE,
  'operation.uefi-boot': missing('DPM has no such function: IBM Z firmware boots by IPL'),

  'guest.disk.autoconfig': missing(
    'DPM has no such function: what is on a LUN is made by the guest or its installer, which grow their file systems themselves',
  ),
  'guest.disk.rate-limit': missing('DPM has no such function: the HMC does not limit disk I/O'),
  'guest.setup.configdrive': partial(
    'on the ISO image that a partition starts from, so with an image only: DPM gives partitions no other medium',
  ),
  'guest.setup.inject.file': partial(
    'of linux partitions that start from an image, a volume or the network, by cloud-init in them, at their first start',
  ),
  'guest.setup.inject.networking': partial(
    'of linux partitions that start from an image, a volume or the network, by cloud-init in them, at their first start, so not of an interface that is attached later',
  ),

  'console.rdp': NO_FRAMEBUFFER,
  'console.spice': NO_FRAMEBUFFER,
  'console.vnc': NO_FRAMEBUFFER,
  'console.serial.log': complete,
  'console.serial.interactive': complete,

  'storage.block': WHOLE_GROUPS,
  'storage.block.backend.fibrechannel': WHOLE_GROUPS,
  'storage.block.backend.iscsi': missing('DPM has no such adapter: storage is FCP, FICON or NVMe'),
  'storage.block.backend.iscsi.auth.chap': missing('DPM has no iSCSI, so nothing to authenticate'),
  'storage.image': partial(
    'installer and live images, which a partition starts from: an ISO image, or kernel and initrd; a disk image is not written to a LUN',
  ),

  'networking.firewallrules': NO_FIREWALL,
  'networking.routing': NO_FIREWALL,
  'networking.securitygroups': NO_FIREWALL,
  'networking.topology.flat': complete,
  'networking.topology.vlan': complete,

  'operation.attach-tagged-volume': missing(
    'DPM has no such function: the guest knows its disks by their device numbers',
  ),
  'operation.extend-volume': complete,
  'operation.attach-tagged-interface': missing(
    'DPM has no such function: the guest knows its NICs by their device numbers',
  ),
  'operation.rebuild-volume-backed': NOT_A_DISK_IMAGE,
  'operation.abort-in-progress-live-migration': NO_MIGRATION,
  'operation.device-tags': missing('DPM has no such function: the guest knows its devices by their numbers'),
  'operation.quiesce': NO_AGENT,
  'operation.unquiesce': NO_AGENT,
  'operation.multiattach-volume': WHOLE_GROUPS,
  'operation.encrypted-volume': missing('DPM has no such function: a LUN is given to the partition as it is'),
  'operation.trusted-certs': missing(
    'DPM has no such function: an image is held against its checksum; the certificates that a CPC knows are for the secure boot of what starts from a volume',
  ),
  'operation.file-backed-memory': missing('DPM has no such function: the memory of a partition is its own'),
  'operation.report-cpu-traits': missing(
    'DPM has no such function: the HMC tells the model of a CPC, not the facilities of its processors',
  ),
  'operation.port-with-resource-request': missing('DPM has no such function: adapters have no bandwidth to give out'),
  'operation.boot-encrypted-vm': missing('DPM has no such function: Secure Execution is for guests of KVM'),
  'operation.cache-images': NOT_A_DISK_IMAGE,
  'operation.boot-emulated-tpm': missing('DPM has no such function: partitions have no TPM'),
  'operation.boot-stateless-firmware': missing('DPM has no such function: IBM Z firmware is not the partition’s'),
} as const satisfies ComputeDeclaration;
