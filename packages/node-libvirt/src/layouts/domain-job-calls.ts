import { int, nothing, opaque, struct, unsignedHyper } from '../xdr/codec.js';
import { remoteCall } from './call.js';
import { domain, flags, optionalText, text, typedParameters } from './common.js';

const MAX_MIGRATION_PARAMETERS = 64;
const MAX_COOKIE_BYTES = 4 * 1024 * 1024;
const MAX_JOB_PARAMETERS = 64;

/**
 * Peer to peer, the whole of a migration: the source's daemon talks to that of `destination`, a libvirt URI as it is seen from
 * there. The flag `PEER2PEER` must be set, and the cookie empty.
 */
export const domainMigratePerform3Params = remoteCall(
  'domain_migrate_perform3_params',
  struct({
    domain,
    destination: optionalText,
    parameters: typedParameters(MAX_MIGRATION_PARAMETERS),
    cookie: opaque(MAX_COOKIE_BYTES),
    flags,
  }),
  struct({ cookie: opaque(MAX_COOKIE_BYTES) }),
);
export const domainMigrateSetMaxDowntime = remoteCall(
  'domain_migrate_set_max_downtime',
  struct({ domain, milliseconds: unsignedHyper, flags }),
  nothing,
);
export const domainMigrateStartPostCopy = remoteCall(
  'domain_migrate_start_post_copy',
  struct({ domain, flags }),
  nothing,
);
/** @returns its type, one of `DomainJobType`, times in milliseconds, and amounts in bytes */
export const domainGetJobInfo = remoteCall(
  'domain_get_job_info',
  struct({ domain }),
  struct({
    type: int,
    timeElapsed: unsignedHyper,
    timeRemaining: unsignedHyper,
    dataTotal: unsignedHyper,
    dataProcessed: unsignedHyper,
    dataRemaining: unsignedHyper,
    memoryTotal: unsignedHyper,
    memoryProcessed: unsignedHyper,
    memoryRemaining: unsignedHyper,
    fileTotal: unsignedHyper,
    fileProcessed: unsignedHyper,
    fileRemaining: unsignedHyper,
  }),
);
export const domainGetJobStats = remoteCall(
  'domain_get_job_stats',
  struct({ domain, flags }),
  struct({ type: int, parameters: typedParameters(MAX_JOB_PARAMETERS) }),
);
export const domainAbortJob = remoteCall('domain_abort_job', struct({ domain }), nothing);
/** Disks of a running domain as they are at this moment, copied or shown while it goes on; a job of the domain until it has ended. */
export const domainBackupBegin = remoteCall(
  'domain_backup_begin',
  struct({ domain, backupXml: text, checkpointXml: optionalText, flags }),
  nothing,
);
/** @returns the backup that is under way, with the names of its jobs */
export const domainBackupGetXmlDesc = remoteCall(
  'domain_backup_get_xml_desc',
  struct({ domain, flags }),
  struct({ xml: text }),
);
