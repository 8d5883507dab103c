export { UpkeepClient } from './client.js';
export { socketPathOf } from './protocol.js';
export { serveUpkeep } from './server.js';
