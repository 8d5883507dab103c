export { osloSettings, type OsloOptions, type OsloSettings } from './oslo-options.js';
export { osloQueues } from './oslo-topology.js';
export { OsloCodec } from './oslo.codec.js';
