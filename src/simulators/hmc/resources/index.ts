import type { Route } from '../router.js';
import { adapterRoutes } from './adapter.routes.js';
import { aggregationRoutes } from './aggregation.routes.js';
import { asciiConsoleRoutes } from './ascii-console.routes.js';
import { consoleRoutes } from './console.routes.js';
import { cpcRoutes } from './cpc.routes.js';
import { isoImageRoutes } from './iso-image.routes.js';
import { jobRoutes } from './job.routes.js';
import { logicalPartitionRoutes } from './logical-partition.routes.js';
import { nicRoutes } from './nic.routes.js';
import { metricsRoutes } from './metrics.routes.js';
import { osMessageRoutes } from './os-message.routes.js';
import { partitionListRoutes } from './partition-list.routes.js';
import { partitionRoutes } from './partition.routes.js';
import { sessionRoutes } from './session.routes.js';
import { storageAttachmentRoutes } from './storage-attachment.routes.js';
import { storageGroupRoutes } from './storage-group.routes.js';
import { storageRequestRoutes } from './storage-request.routes.js';
import { storageVolumeRoutes } from './storage-volume.routes.js';
import { userRoutes } from './user.routes.js';
import { versionRoutes } from './version.routes.js';
import { virtualSwitchRoutes } from './virtual-switch.routes.js';

/** Every route of the simulated API: one file per resource, registered here. */
export const hmcRoutes: readonly Route[] = [
  ...versionRoutes,
  ...sessionRoutes,
  ...consoleRoutes,
  ...cpcRoutes,
  ...partitionListRoutes,
  ...partitionRoutes,
  ...isoImageRoutes,
  ...nicRoutes,
  ...adapterRoutes,
  ...virtualSwitchRoutes,
  ...logicalPartitionRoutes,
  ...metricsRoutes,
  ...storageGroupRoutes,
  ...storageRequestRoutes,
  ...storageVolumeRoutes,
  ...storageAttachmentRoutes,
  ...osMessageRoutes,
  ...asciiConsoleRoutes,
  ...jobRoutes,
  ...aggregationRoutes,
  ...userRoutes,
];
