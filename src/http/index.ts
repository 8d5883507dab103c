export { ConsoleSockets } from './console-sockets.js';
export { EventFeed } from './events/index.js';
export { listen, listeningUrl } from './listen.js';
export { HttpModule, type HttpParts } from './http.module.js';
export { SeedListener } from './seed-listener.js';
export { httpStatusOf } from './wire-error.filter.js';
