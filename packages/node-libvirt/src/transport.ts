import type { Duplex } from 'node:stream';

/**
 * Makes a connection that carries libvirt's protocol: a socket, or whatever else has two directions. It is called again for
 * each further connection, and after one was lost.
 */
export type Transport = (signal: AbortSignal | undefined) => Promise<Duplex>;
