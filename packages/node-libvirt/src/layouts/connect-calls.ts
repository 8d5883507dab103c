import { array, fixedArray, int, mapped, nothing, optional, struct, uint, unsignedHyper } from '../xdr/codec.js';
import { remoteCall } from './call.js';
import { domain, flag, flags, MAX_LIST, needResults, optionalText, text, typedParameters } from './common.js';

const MAX_AUTH_TYPES = 20;
const MAX_STATS_PARAMETERS = 4096;
const MAX_CPUS = 256;

/** The ways in which a client may prove who it is. */
export const AuthType = { NONE: 0, SASL: 1, POLKIT: 2 } as const;

/** What a daemon can do that not every one can. */
export const Feature = { KEEPALIVE: 10, EVENT_CALLBACK: 14, CLOSE_CALLBACK: 15 } as const;

export const authList = remoteCall('auth_list', nothing, struct({ types: array(int, MAX_AUTH_TYPES) }));
export const authPolkit = remoteCall('auth_polkit', nothing, struct({ complete: flag }));

/** @remarks bit 0 of `flags`: for reading only */
export const connectOpen = remoteCall('connect_open', struct({ uri: optionalText, flags }), nothing);
export const connectClose = remoteCall('connect_close', nothing, nothing);
export const connectSupportsFeature = remoteCall(
  'connect_supports_feature',
  struct({ feature: int }),
  struct({ supported: flag }),
);
export const connectGetType = remoteCall('connect_get_type', nothing, struct({ type: text }));
export const connectGetHostname = remoteCall('connect_get_hostname', nothing, struct({ hostname: text }));
/** Of the hypervisor: a million times the major, a thousand times the minor, and the release number. */
export const connectGetVersion = remoteCall('connect_get_version', nothing, struct({ version: unsignedHyper }));
/** Of libvirt, in the same form. */
export const connectGetLibVersion = remoteCall('connect_get_lib_version', nothing, struct({ version: unsignedHyper }));
export const connectGetSysinfo = remoteCall('connect_get_sysinfo', struct({ flags }), struct({ xml: text }));
export const connectGetCapabilities = remoteCall('connect_get_capabilities', nothing, struct({ xml: text }));
export const connectGetDomainCapabilities = remoteCall(
  'connect_get_domain_capabilities',
  struct({
    emulator: optionalText,
    arch: optionalText,
    machine: optionalText,
    virtType: optionalText,
    flags,
  }),
  struct({ xml: text }),
);
export const connectCompareHypervisorCpu = remoteCall(
  'connect_compare_hypervisor_cpu',
  struct({
    emulator: optionalText,
    arch: optionalText,
    machine: optionalText,
    virtType: optionalText,
    xmlCpu: text,
    flags,
  }),
  struct({ result: int }),
);

/** The processor that all of those that are given can be, and the hypervisor can make. */
export const connectBaselineHypervisorCpu = remoteCall(
  'connect_baseline_hypervisor_cpu',
  struct({
    emulator: optionalText,
    arch: optionalText,
    machine: optionalText,
    virtType: optionalText,
    xmlCpus: array(text, MAX_CPUS),
    flags,
  }),
  struct({ cpu: text }),
);

/** Characters, each in a number of its own, up to the first zero. */
const modelName = mapped(
  fixedArray(int, 32),
  (characters) => {
    const end = characters.indexOf(0);
    return Buffer.from(end < 0 ? characters : characters.slice(0, end)).toString('utf8');
  },
  (name: string) => {
    const bytes = Buffer.from(name).subarray(0, 31);
    return Array.from({ length: 32 }, (_, at) => bytes[at] ?? 0);
  },
);
export const nodeGetInfo = remoteCall(
  'node_get_info',
  nothing,
  struct({
    model: modelName,
    memoryKib: unsignedHyper,
    cpus: int,
    mhz: int,
    nodes: int,
    sockets: int,
    cores: int,
    threads: int,
  }),
);
export const nodeGetFreeMemory = remoteCall('node_get_free_memory', nothing, struct({ bytes: unsignedHyper }));

export const listArgs = struct({ needResults, flags });

export const connectListAllDomains = remoteCall(
  'connect_list_all_domains',
  listArgs,
  struct({ domains: array(domain, MAX_LIST), count: uint }),
);

/** @remarks No domains given: all. With the flag `NOWAIT` one that hangs does not hold up the others. */
export const connectGetAllDomainStats = remoteCall(
  'connect_get_all_domain_stats',
  struct({ domains: array(domain, MAX_LIST), stats: uint, flags }),
  struct({ records: array(struct({ domain, parameters: typedParameters(MAX_STATS_PARAMETERS) }), MAX_LIST) }),
);

/** @param domain only its events; otherwise those of all */
export const connectDomainEventCallbackRegisterAny = remoteCall(
  'connect_domain_event_callback_register_any',
  struct({ eventId: int, domain: optional(domain) }),
  struct({ callbackId: int }),
);
export const connectDomainEventCallbackDeregisterAny = remoteCall(
  'connect_domain_event_callback_deregister_any',
  struct({ callbackId: int }),
  nothing,
);
