import { array, hyper, int, nothing, optional, struct, uint, unsignedHyper } from '../xdr/codec.js';
import { qemuCall, remoteCall, streamCall } from './call.js';
import { domain, flag, flags, optionalText, text, typedParameters, uuid } from './common.js';

const MAX_MEMORY_STATS = 1024;
const MAX_INTERFACES = 2048;
const MAX_ADDRESSES = 2048;
const MAX_KEYS = 16;
const MAX_MOUNT_POINTS = 256;
const MAX_TUNING_PARAMETERS = 32;

const ofDomain = struct({ domain });
const withFlags = struct({ domain, flags });
const withXml = struct({ domain, xml: text, flags });

// Find

export const domainLookupByName = remoteCall('domain_lookup_by_name', struct({ name: text }), ofDomain);
export const domainLookupByUuid = remoteCall('domain_lookup_by_uuid', struct({ uuid }), ofDomain);
export const domainLookupById = remoteCall('domain_lookup_by_id', struct({ id: int }), ofDomain);

// Look

/** @returns one of `DomainState`, and a reason whose meaning depends on it */
export const domainGetState = remoteCall('domain_get_state', withFlags, struct({ state: int, reason: int }));
export const domainGetInfo = remoteCall(
  'domain_get_info',
  ofDomain,
  struct({
    state: uint,
    maxMemoryKib: unsignedHyper,
    memoryKib: unsignedHyper,
    vcpus: uint,
    cpuTimeNs: unsignedHyper,
  }),
);
export const domainGetXmlDesc = remoteCall('domain_get_xml_desc', withFlags, struct({ xml: text }));
export const domainIsActive = remoteCall('domain_is_active', ofDomain, struct({ active: flag }));
export const domainIsPersistent = remoteCall('domain_is_persistent', ofDomain, struct({ persistent: flag }));
export const domainGetAutostart = remoteCall('domain_get_autostart', ofDomain, struct({ autostart: flag }));
export const domainMemoryStats = remoteCall(
  'domain_memory_stats',
  struct({ domain, max: uint, flags }),
  struct({ stats: array(struct({ tag: int, value: unsignedHyper }), MAX_MEMORY_STATS) }),
);
export const domainGetBlockInfo = remoteCall(
  'domain_get_block_info',
  struct({ domain, path: text, flags }),
  struct({ allocation: unsignedHyper, capacity: unsignedHyper, physical: unsignedHyper }),
);
export const domainBlockStats = remoteCall(
  'domain_block_stats',
  struct({ domain, path: text }),
  struct({ readRequests: hyper, readBytes: hyper, writeRequests: hyper, writeBytes: hyper, errors: hyper }),
);
export const domainInterfaceStats = remoteCall(
  'domain_interface_stats',
  struct({ domain, device: text }),
  struct({
    rxBytes: hyper,
    rxPackets: hyper,
    rxErrors: hyper,
    rxDropped: hyper,
    txBytes: hyper,
    txPackets: hyper,
    txErrors: hyper,
    txDropped: hyper,
  }),
);
export const domainInterfaceAddresses = remoteCall(
  'domain_interface_addresses',
  struct({ domain, source: uint, flags }),
  struct({
    interfaces: array(
      struct({
        name: text,
        mac: optionalText,
        addresses: array(struct({ type: int, address: text, prefix: uint }), MAX_ADDRESSES),
      }),
      MAX_INTERFACES,
    ),
  }),
);

// Define

export const domainDefineXmlFlags = remoteCall('domain_define_xml_flags', struct({ xml: text, flags }), ofDomain);
export const domainUndefineFlags = remoteCall('domain_undefine_flags', withFlags, nothing);
export const domainSetAutostart = remoteCall('domain_set_autostart', struct({ domain, autostart: flag }), nothing);
export const domainRename = remoteCall(
  'domain_rename',
  struct({ domain, newName: optionalText, flags }),
  struct({ result: int }),
);
export const domainSetMetadata = remoteCall(
  'domain_set_metadata',
  struct({ domain, type: int, metadata: optionalText, key: optionalText, uri: optionalText, flags }),
  nothing,
);
export const domainGetMetadata = remoteCall(
  'domain_get_metadata',
  struct({ domain, type: int, uri: optionalText, flags }),
  struct({ metadata: text }),
);

// Start, stop

export const domainCreate = remoteCall('domain_create', ofDomain, nothing);
export const domainCreateWithFlags = remoteCall('domain_create_with_flags', withFlags, ofDomain);
/** Starts a domain that is gone once it stops. */
export const domainCreateXml = remoteCall('domain_create_xml', struct({ xml: text, flags }), ofDomain);
export const domainDestroy = remoteCall('domain_destroy', ofDomain, nothing);
export const domainDestroyFlags = remoteCall('domain_destroy_flags', withFlags, nothing);
export const domainShutdown = remoteCall('domain_shutdown', ofDomain, nothing);
export const domainShutdownFlags = remoteCall('domain_shutdown_flags', withFlags, nothing);
export const domainReboot = remoteCall('domain_reboot', withFlags, nothing);
export const domainReset = remoteCall('domain_reset', withFlags, nothing);
export const domainSuspend = remoteCall('domain_suspend', ofDomain, nothing);
export const domainResume = remoteCall('domain_resume', ofDomain, nothing);
export const domainManagedSave = remoteCall('domain_managed_save', withFlags, nothing);
export const domainHasManagedSaveImage = remoteCall(
  'domain_has_managed_save_image',
  withFlags,
  struct({ hasImage: flag }),
);
export const domainManagedSaveRemove = remoteCall('domain_managed_save_remove', withFlags, nothing);
export const domainInjectNmi = remoteCall('domain_inject_nmi', withFlags, nothing);
export const domainCoreDump = remoteCall('domain_core_dump', struct({ domain, to: text, flags }), nothing);
export const domainCoreDumpWithFormat = remoteCall(
  'domain_core_dump_with_format',
  struct({ domain, to: text, format: uint, flags }),
  nothing,
);
export const domainSendKey = remoteCall(
  'domain_send_key',
  struct({ domain, codeSet: uint, holdTimeMs: uint, keyCodes: array(uint, MAX_KEYS), flags }),
  nothing,
);

// Change

export const domainAttachDeviceFlags = remoteCall('domain_attach_device_flags', withXml, nothing);
export const domainDetachDeviceFlags = remoteCall('domain_detach_device_flags', withXml, nothing);
export const domainDetachDeviceAlias = remoteCall(
  'domain_detach_device_alias',
  struct({ domain, alias: text, flags }),
  nothing,
);
export const domainUpdateDeviceFlags = remoteCall('domain_update_device_flags', withXml, nothing);
export const domainSetVcpusFlags = remoteCall(
  'domain_set_vcpus_flags',
  struct({ domain, vcpus: uint, flags }),
  nothing,
);
export const domainGetVcpusFlags = remoteCall('domain_get_vcpus_flags', withFlags, struct({ vcpus: int }));
export const domainSetMemoryFlags = remoteCall(
  'domain_set_memory_flags',
  struct({ domain, memoryKib: unsignedHyper, flags }),
  nothing,
);
export const domainGetMaxMemory = remoteCall('domain_get_max_memory', ofDomain, struct({ memoryKib: unsignedHyper }));
export const domainBlockResize = remoteCall(
  'domain_block_resize',
  struct({ domain, disk: text, size: unsignedHyper, flags }),
  nothing,
);
export const domainSetBlockIoTune = remoteCall(
  'domain_set_block_io_tune',
  struct({ domain, disk: text, parameters: typedParameters(MAX_TUNING_PARAMETERS), flags }),
  nothing,
);
export const domainSetInterfaceParameters = remoteCall(
  'domain_set_interface_parameters',
  struct({ domain, device: text, parameters: typedParameters(MAX_TUNING_PARAMETERS), flags }),
  nothing,
);
export const domainBlockCopy = remoteCall(
  'domain_block_copy',
  struct({ domain, path: text, destinationXml: text, parameters: typedParameters(MAX_TUNING_PARAMETERS), flags }),
  nothing,
);
export const domainBlockCommit = remoteCall(
  'domain_block_commit',
  struct({ domain, disk: text, base: optionalText, top: optionalText, bandwidth: unsignedHyper, flags }),
  nothing,
);
export const domainGetBlockJobInfo = remoteCall(
  'domain_get_block_job_info',
  struct({ domain, path: text, flags }),
  struct({ found: int, type: int, bandwidth: unsignedHyper, current: unsignedHyper, end: unsignedHyper }),
);
export const domainBlockJobAbort = remoteCall('domain_block_job_abort', struct({ domain, path: text, flags }), nothing);

// Ask the guest's agent

/** The password goes to the daemon as it is, or as a hash with the flag `ENCRYPTED`. */
export const domainSetUserPassword = remoteCall(
  'domain_set_user_password',
  struct({ domain, user: optionalText, password: optionalText, flags }),
  nothing,
);
const mountPoints = struct({ domain, mountPoints: array(text, MAX_MOUNT_POINTS), flags });
const fileSystems = struct({ fileSystems: int });
export const domainFsfreeze = remoteCall('domain_fsfreeze', mountPoints, fileSystems);
export const domainFsthaw = remoteCall('domain_fsthaw', mountPoints, fileSystems);
/** @param timeout seconds, or one of `DomainQemuAgentCommandTimeoutValues` */
export const domainAgentCommand = qemuCall(
  'domain_agent_command',
  struct({ domain, command: text, timeout: int, flags }),
  struct({ result: optional(text) }),
);

// Streams

export const domainOpenConsole = streamCall(
  'domain_open_console',
  struct({ domain, device: optionalText, flags }),
  nothing,
);
/** @returns the type of the picture that flows */
export const domainScreenshot = streamCall(
  'domain_screenshot',
  struct({ domain, screen: uint, flags }),
  struct({ mimeType: optionalText }),
);
