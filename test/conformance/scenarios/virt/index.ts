import type { VirtFeatureId } from '../../../../src/features/index.js';
import type { FeatureScenario } from '../../scenario.js';
import type { VirtSubject } from '../../subject.js';
import { consoleLogScenarios, consoleScenarios } from './consoles.js';
import * as described from './described.js';
import * as guest from './guest.js';
import { attachInterfaceScenarios, attachTaggedInterfaceScenarios, detachInterfaceScenarios } from './interfaces.js';
import { guestInfoScenarios, hostInfoScenarios } from './inventory.js';
import { launchScenarios, terminateScenarios } from './launch.js';
import { maintenanceScenarios } from './maintenance.js';
import { abortScenarios, evacuateScenarios, forceCompleteScenarios, liveMigrateScenarios } from './relocation.js';
import { rebuildScenarios, rebuildVolumeScenarios, rescueScenarios, resizeScenarios } from './remaking.js';
import { serviceControlScenarios } from './service-control.js';
import { rebootScenarios, stateChangeScenarios } from './state-changes.js';
import * as volumes from './volumes.js';

/** What is asked of every virt driver that offers a feature. A feature without an entry is not asked for in any way. */
export const VIRT_SCENARIOS: Readonly<Partial<Record<VirtFeatureId, readonly FeatureScenario<VirtSubject>[]>>> = {
  'operation.launch': launchScenarios,
  'operation.terminate': terminateScenarios,
  'operation.attach-volume': volumes.attachVolumeScenarios,
  'operation.attach-tagged-volume': volumes.attachTaggedVolumeScenarios,
  'operation.detach-volume': volumes.detachVolumeScenarios,
  'operation.swap-volume': volumes.swapVolumeScenarios,
  'operation.extend-volume': volumes.extendVolumeScenarios,
  'operation.multiattach-volume': described.multiattachScenarios,
  'operation.encrypted-volume': described.encryptedVolumeScenarios,
  'operation.attach-interface': attachInterfaceScenarios,
  'operation.attach-tagged-interface': attachTaggedInterfaceScenarios,
  'operation.detach-interface': detachInterfaceScenarios,
  'operation.rebuild': rebuildScenarios,
  'operation.rebuild-volume-backed': rebuildVolumeScenarios,
  'operation.rescue': rescueScenarios,
  'operation.resize': resizeScenarios,
  'operation.snapshot': guest.snapshotScenarios,
  'operation.set-admin-password': guest.passwordScenarios,
  'operation.trigger-crash-dump': guest.crashDumpScenarios,
  'operation.quiesce': guest.quiesceScenarios,
  'operation.unquiesce': guest.unquiesceScenarios,
  'operation.service-control': serviceControlScenarios,
  'operation.report-cpu-traits': guest.traitScenarios,
  'operation.device-tags': described.deviceTagScenarios,
  'operation.trusted-certs': described.trustedCertScenarios,
  'operation.file-backed-memory': described.fileMemoryScenarios,
  'operation.cache-images': described.cacheImageScenarios,
  'operation.boot-emulated-tpm': described.tpmScenarios,
  'operation.boot-stateless-firmware': described.statelessFirmwareScenarios,
  'operation.uefi-boot': described.uefiScenarios,
  'guest.disk.autoconfig': described.autoDiskScenarios,
  'guest.disk.rate-limit': described.rateLimitScenarios,
  'guest.setup.configdrive': described.configDriveScenarios,
  'guest.setup.inject.file': described.injectFileScenarios,
  'guest.setup.inject.networking': described.injectNetworkingScenarios,
  'console.serial.log': consoleLogScenarios,
  'console.serial.interactive': consoleScenarios('serial'),
  'console.vnc': consoleScenarios('vnc'),
  'console.spice': consoleScenarios('spice'),
  'console.rdp': consoleScenarios('rdp'),
  'storage.block': described.blockScenarios,
  'storage.block.backend.fibrechannel': described.connectionScenarios('fibre_channel'),
  'storage.block.backend.iscsi': described.connectionScenarios('iscsi'),
  'storage.block.backend.iscsi.auth.chap': described.chapScenarios,
  'storage.image': described.imageScenarios,
  'networking.firewallrules': described.firewallScenarios,
  'networking.routing': described.routingScenarios,
  'networking.securitygroups': described.securityGroupScenarios,
  'networking.topology.flat': described.flatScenarios,
  'networking.topology.vlan': described.vlanScenarios,
  'operation.get-guest-info': guestInfoScenarios,
  'operation.get-host-info': hostInfoScenarios,
  'operation.reboot': rebootScenarios,
  'operation.pause': stateChangeScenarios({
    method: 'compute.pause',
    from: 'running',
    to: 'paused',
    conflictsWith: 'shutdown',
  }),
  'operation.unpause': stateChangeScenarios({
    method: 'compute.unpause',
    from: 'paused',
    to: 'running',
    conflictsWith: 'shutdown',
  }),
  'operation.suspend': stateChangeScenarios({
    method: 'compute.suspend',
    from: 'running',
    to: 'suspended',
    conflictsWith: 'shutdown',
  }),
  'operation.resume': stateChangeScenarios({
    method: 'compute.resume',
    from: 'suspended',
    to: 'running',
    conflictsWith: 'shutdown',
  }),
  'operation.live-migrate': liveMigrateScenarios,
  'operation.force-live-migration-to-complete': forceCompleteScenarios,
  'operation.abort-in-progress-live-migration': abortScenarios,
  'operation.evacuate': evacuateScenarios,
  'operation.maintenance-mode': maintenanceScenarios,
};
